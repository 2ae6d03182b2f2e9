"""Methods for Rubin light curves."""
