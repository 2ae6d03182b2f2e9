"""Filters of others, run as they are beside our own; fenced off from the network."""
