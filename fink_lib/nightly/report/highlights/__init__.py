"""The best alerts of a night, one science case after the other: chosen, read back with their stamps, drawn."""
