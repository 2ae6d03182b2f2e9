"""Table specs, paths, idempotent writes; and reading without Spark."""

from fink_lib.lake.cumulative import cumulative
from fink_lib.lake.reading import read, table_names

__all__ = ["cumulative", "read", "table_names"]
