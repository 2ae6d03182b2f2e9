"""A night of Rubin alerts out of nothing: for machines that have no packet of the telescope."""
