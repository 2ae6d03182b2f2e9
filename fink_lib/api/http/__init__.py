"""Requests in, answers out: parameters, formats, errors and headers. What is asked is in `fink_lib.api.queries`."""
