"""The equation of a night: every message that was offered ends in exactly one place."""
