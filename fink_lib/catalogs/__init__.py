"""Static catalogues and the crossmatch."""
