"""The class of an alert: rules as data, one table a scheme, and the SIMBAD labels that they read."""
