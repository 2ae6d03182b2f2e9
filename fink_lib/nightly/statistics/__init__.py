"""The numbers of a night."""
