"""TAP 1.1: queries in ADQL, at once or as jobs, in a process of their own with limits."""
