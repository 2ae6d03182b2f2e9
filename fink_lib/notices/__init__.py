"""Notices of what happened: an outbox in the lake, sinks that are tried again, and nothing told twice."""
