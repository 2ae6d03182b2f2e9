"""A client of the HTTP API for notebooks: questions in Python, answers as astropy tables."""

from fink_lib.client.fink import ApiError, Fink

__all__ = ["ApiError", "Fink"]
