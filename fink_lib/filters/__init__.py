"""One filter a file, and the registry."""
