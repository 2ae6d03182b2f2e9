"""One filter a file, in the folder of its survey, and the registry."""

from fink_lib.filters.base import Batch, Filter

__all__ = ["Batch", "Filter"]
