"""A table as it was: whoever reads it without naming a version gets the one that a transfer began with."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from pyspark.sql import DataFrame, SparkSession

from fink_lib.lake.table import TableSpec


@dataclass(frozen=True)
class AtVersion(TableSpec):
    """A table at one version.

    Attributes
    ----------
    version
        Which.
    """

    version: int = 0

    @classmethod
    def of(cls, spec: TableSpec, version: int) -> Self:
        """Return a table at a version."""
        return cls(**{field.name: getattr(spec, field.name) for field in fields(spec)}, version=version)

    def read(self, session: SparkSession, lake: Path, version: int | None = None) -> DataFrame:
        """Read the table at its version, or at another one when it is given."""
        return super().read(session, lake, self.version if version is None else version)
