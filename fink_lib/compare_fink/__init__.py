"""Our columns and filters beside those of Fink: every difference with its cause."""
