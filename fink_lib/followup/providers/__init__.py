"""Ways to a facility: one small interface, a file a way."""
