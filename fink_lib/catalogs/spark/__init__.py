"""Catalogues in the lake: versioned tables, and the match of any number of positions against them."""
