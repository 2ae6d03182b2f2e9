"""Groups of settings: each holds what the same things depend on."""
