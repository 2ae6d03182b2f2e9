"""Great Expectations suites as code, one file a table."""
