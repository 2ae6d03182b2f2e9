"""The shapes of files and rows that leave the broker as JSON: a model each, with a version, checked when written."""
