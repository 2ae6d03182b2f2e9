"""The sandbox of a user job: name spaces by bubblewrap, a filter of system calls, limits, files one by one."""
