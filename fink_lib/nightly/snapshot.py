"""The tables of a survey at one moment: every step reads pinned versions, so that its numbers agree."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import pyspark.sql.types as T
from deltalake import DeltaTable as LakeTable
from deltalake.exceptions import TableNotFoundError

from fink_lib.lake import tables
from fink_lib.lake.releases import Action
from fink_lib.lake.table import TableSpec
from fink_lib.nightly.results import Step
from fink_lib.surveys import Survey

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from fink_lib.nightly.job import NightContext


# What result files call the table of releases
RELEASES = "releases"


class Table(StrEnum):
    """The tables that a night is made of; each name is what result files call it."""

    BRONZE = "bronze"
    QUARANTINE = "quarantine"
    SILVER = "silver"
    REJECTED = "rejected"
    PUBLISHED = "published"


def night_specs(survey: Survey) -> dict[Table, TableSpec]:
    """Return the specs; silver is named here without its science columns, which its own files tell."""
    return {
        Table.BRONZE: tables.bronze_alerts(survey),
        Table.QUARANTINE: tables.quarantine(survey),
        Table.SILVER: tables.silver_alerts(survey, T.StructType([])),
        Table.REJECTED: tables.silver_rejected(survey),
        Table.PUBLISHED: tables.gold_published(survey),
    }


def table_version(path: Path) -> int | None:
    """Return the newest version of a Delta table, None where there is no table; needs no JVM."""
    try:
        return int(LakeTable(str(path)).version())
    except TableNotFoundError:
        return None


def table_versions(survey: Survey, lake: Path) -> dict[str, int | None]:
    """Return the newest version of each table of a survey by the name in result files."""
    return {str(table): table_version(spec.path(lake)) for table, spec in night_specs(survey).items()}


@dataclass(frozen=True)
class Snapshot:
    """Pinned versions of a survey's tables.

    Attributes
    ----------
    session
        Spark session that reads them.
    survey
        Whose tables.
    lake
        Root folder of the tables.
    specs
        What they are.
    versions
        Version of each; None where the table does not exist, which reads as no rows. That of the releases is
        there only when something was ever released.
    """

    session: "SparkSession"
    survey: Survey
    lake: Path
    specs: Mapping[Table, TableSpec]
    versions: Mapping[str, int | None]

    @classmethod
    def now(cls, session: "SparkSession", survey: Survey, lake: Path) -> "Snapshot":
        """Pin the newest versions."""
        versions = table_versions(survey, lake)
        released = table_version(tables.releases(survey).path(lake))
        pinned = versions if released is None else versions | {RELEASES: released}
        return cls(session, survey, lake, night_specs(survey), pinned)

    @classmethod
    def balanced(cls, context: "NightContext") -> "Snapshot":
        """Pin the versions that this run's reconcile balanced; the newest ones where it has not run."""
        session, survey, lake = context.session, context.survey, context.settings.lake
        found = context.result(Step.RECONCILE)
        return (
            cls.now(session, survey, lake)
            if found is None
            else cls(session, survey, lake, night_specs(survey), found["tables"])
        )

    def frame(self, table: Table) -> "DataFrame":
        """Read a table at its pinned version; messages that were replayed out of the quarantine are not in it."""
        rows = self.written(table)
        released = self.versions.get(RELEASES)
        if table is not Table.QUARANTINE or released is None:
            return rows
        spec = tables.releases(self.survey)
        replayed = spec.read(self.session, self.lake, released).where(f"action = '{Action.REPLAYED}'")
        return rows.join(replayed.select(*spec.key), list(spec.key), "left_anti").select(*rows.columns)

    def written(self, table: Table) -> "DataFrame":
        """Read every row of a table at its pinned version."""
        version = self.versions[str(table)]
        spec = self.specs[table]
        if version is None:
            return self.session.createDataFrame([], spec.schema)
        return spec.read(self.session, self.lake, version)
