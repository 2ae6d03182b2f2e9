"""The report of a night: one page, the same as JSON, and who is told."""
