"""Training of our own models, and their error rates on held-out truth."""
