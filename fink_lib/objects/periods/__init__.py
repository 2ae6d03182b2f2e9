"""Periods of objects over all nights: points out of silver, search, table."""
