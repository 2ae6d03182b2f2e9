"""The tables of a survey at one moment, read without a JVM: every figure of a step is of the same versions."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable

from fink_lib.lake.delta import delta_table
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.releases import Action, without
from fink_lib.lake.rows import Rows
from fink_lib.lake.tables import releases
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.lake.versions import Table, table_version, table_versions
from fink_lib.storage import LakePath

# What result files call the table of releases
RELEASES = "releases"


def pinned_versions(specs: Mapping[Table, TableSpec], lake: LakePath) -> dict[str, int | None]:
    """Return the newest version of each table; None where it does not exist.

    That of the releases is there only when something was ever released.

    Parameters
    ----------
    specs
        The tables of one survey, the quarantine among them.
    lake
        Root folder of the tables.
    """
    versions = table_versions(specs, lake)
    released = table_version(releases_of(specs).path(lake))
    return versions if released is None else versions | {RELEASES: released}


def releases_of(specs: Mapping[Table, TableSpec]) -> TableSpec:
    """Return the table of the releases that belongs to some tables."""
    return releases(specs[Table.QUARANTINE].survey)


@dataclass(frozen=True)
class Pinned:
    """Pinned versions of a survey's tables.

    Attributes
    ----------
    lake
        Root folder of the tables.
    specs
        What they are.
    versions
        Version of each; None where the table does not exist, which reads as no rows.
    """

    lake: LakePath
    specs: Mapping[Table, TableSpec]
    versions: Mapping[str, int | None]

    @classmethod
    def now(cls, specs: Mapping[Table, TableSpec], lake: LakePath) -> "Pinned":
        """Pin the newest versions.

        Parameters
        ----------
        specs
            The tables of one survey, the quarantine among them.
        lake
            Root folder of the tables.
        """
        return cls(lake, specs, pinned_versions(specs, lake))

    def rows(
        self, table: Table, columns: Sequence[str], where: pc.Expression | None = None, *, bodies: bool = True
    ) -> pa.Table:
        """Read some columns; messages that were replayed out of the quarantine are not in it.

        Parameters
        ----------
        table
            Which.
        columns
            Names.
        where
            Condition on the rows; all of them when not given.
        bodies
            False reads no bytes of messages: where there are some, there are none left.
        """
        released = self.versions.get(RELEASES)
        if table is not Table.QUARANTINE or released is None:
            return self.written(table, columns, where, bodies=bodies)
        spec = releases_of(self.specs)
        key = list(spec.key)
        needed = [*columns, *(name for name in key if name not in columns)]
        replayed = dataset_of(delta_table(spec.path(self.lake), version=released))
        gone = replayed.to_table(key, filter=pc.field("action") == str(Action.REPLAYED))
        return without(self.written(table, needed, where, bodies=bodies), gone, key).select(list(columns))

    def table(self, table: Table) -> DeltaTable:
        """Open a table that exists at its pinned version."""
        return delta_table(self.specs[table].path(self.lake), version=self.versions[str(table)])

    def source(self, table: Table) -> ds.Dataset:
        """Return a table to read columns of; messages that were replayed out of the quarantine are not in it."""
        spec, version = self.specs[table], self.versions[str(table)]
        if version is None:
            return ds.dataset(spec.plain_schema.empty_table())
        if table is Table.QUARANTINE and RELEASES in self.versions:
            return ds.dataset(self.rows(table, spec.plain_schema.names, bodies=False))
        return dataset_of(self.table(table))

    def of_night(self, table: Table, night: dt.date) -> Rows:
        """Return the rows of a night.

        Parameters
        ----------
        table
            Which.
        night
            Of the observation; rows without a night are those of none.
        """
        return Rows(self.source(table), pc.field("night") == pa.scalar(night))

    def written(
        self, table: Table, columns: Sequence[str], where: pc.Expression | None = None, *, bodies: bool = True
    ) -> pa.Table:
        """Read some columns of every row, released or not; one that a table of older code lacks is null.

        Parameters
        ----------
        table, columns, where, bodies
            Those of `rows`.
        """
        spec, version = self.specs[table], self.versions[str(table)]
        shape = pa.schema([spec.plain_schema.field(name) for name in columns])
        if version is None:
            return shape.empty_table()
        emptied = {one.name for one in shape if pa.types.is_binary(one.type) and not bodies}
        data = dataset_of(self.table(table))
        chosen = {one.name: _emptied(one.name) if one.name in emptied else _read(one, data.schema) for one in shape}
        return data.to_table(chosen, filter=where).cast(shape)


def _read(column: pa.Field, there: pa.Schema) -> pc.Expression:
    return pc.field(column.name) if column.name in there.names else pc.scalar(pa.scalar(None, column.type))


def _emptied(name: str) -> pc.Expression:
    """Return bytes without their content: empty where there are some, null where there are none."""
    return pc.if_else(pc.field(name).is_valid(), pc.scalar(b""), pc.scalar(pa.scalar(None, pa.binary())))
