"""The public alerts and their objects as HATS catalogues, which lsdb opens."""
