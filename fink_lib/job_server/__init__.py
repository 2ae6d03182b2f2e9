"""A Spark driver that stays: short jobs find it started; each has a process and a session of its own."""
