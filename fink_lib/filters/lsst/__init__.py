"""Filters over Rubin alerts; the name of a file is the name of its filter."""
