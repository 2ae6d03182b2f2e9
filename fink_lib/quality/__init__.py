"""Whether a night is sound: rules, the running of suites, drift, and what was found."""
