"""The tables made for reading, written when a night is closed."""
