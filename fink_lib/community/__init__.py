"""What people and programs say about alerts: an append-only log, and what stands of it."""
