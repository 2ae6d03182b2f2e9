"""The steps that close a night."""
