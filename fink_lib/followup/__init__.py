"""Follow-up: a wish for an observation is checked, approved, sent once, followed to its end, and cited."""
