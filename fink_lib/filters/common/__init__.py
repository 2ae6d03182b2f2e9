"""Filters that need no survey of their own: they read canonical inputs, and are offered where packets feed these."""
