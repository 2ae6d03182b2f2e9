"""A consistent copy of a home while alerts arrive, and a home made of it."""
