"""Great Expectations suites as code, one file a table."""

import fink_lib  # noqa: F401 - once it is imported, the names of v0.1.0 are found here too
