"""Bronze becomes silver or rejected: cuts, repeats, science."""
