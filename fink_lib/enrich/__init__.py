"""Bronze to silver or rejected: repeats, cuts, science."""
