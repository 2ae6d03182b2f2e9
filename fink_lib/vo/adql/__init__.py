"""ADQL as this broker understands it: a grammar of what is allowed, geometry on the sphere, DuckDB's SQL out of it."""
