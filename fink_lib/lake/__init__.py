"""Table specs, paths, idempotent writes."""
