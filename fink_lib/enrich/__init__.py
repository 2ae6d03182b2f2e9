"""Bronze to silver or rejected: repeats, cuts, science."""

from fink_lib.enrich.schema import silver_spec

__all__ = ["silver_spec"]
