"""What may be asked at one moment: the tables of each survey, TAP_SCHEMA about them, and what was uploaded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from fink_lib.accounts.asking import asking
from fink_lib.api.http.errors import Refused
from fink_lib.api.lake import Lake, Snapshot
from fink_lib.served.private import PrivateTable
from fink_lib.served.private_store import PrivateTables
from fink_lib.vo.fields import Field
from fink_lib.vo.private import known_columns, vo_table
from fink_lib.vo.tables import OBJECTS, SOURCES, VoTable, tables_of
from fink_lib.vo.vosi import ForeignKey, delimited

TAP_SCHEMA, UPLOADS = "tap_schema", "tap_upload"
T, N = pa.string(), pa.int32()
MEANINGS = {
    "schemas": (
        "A schema: a survey, or this one.",
        {"schema_name": T, "utype": T, "description": T, "schema_index": N},
    ),
    "tables": (
        "A table that may be asked.",
        {"schema_name": T, "table_name": T, "table_type": T, "utype": T, "description": T, "table_index": N},
    ),
    "columns": (
        "A column of a table.",
        {"table_name": T, "column_name": T, "datatype": T, "arraysize": T, "xtype": T, "size": N, "description": T,
         "utype": T, "unit": T, "ucd": T, "indexed": N, "principal": N, "std": N, "column_index": N},
    ),
    "keys": (
        "Two tables that can be joined.",
        {"key_id": T, "from_table": T, "target_table": T, "description": T, "utype": T},
    ),
    "key_columns": ("The columns that they are joined by.", {"key_id": T, "from_column": T, "target_column": T}),
}  # fmt: skip

# Foreign keys of TAP_SCHEMA's own tables: table, column, other table, its column
OWN = (
    ("tables", "schema_name", "schemas", "schema_name"),
    ("columns", "table_name", "tables", "table_name"),
    ("keys", "from_table", "tables", "table_name"),
    ("keys", "target_table", "tables", "table_name"),
    ("key_columns", "key_id", "keys", "key_id"),
)


@dataclass(frozen=True)
class Catalog:
    """The tables that may be asked, and the versions that they are of.

    Attributes
    ----------
    snapshots
        Survey → its versions.
    tables
        ``schema.name`` → table.
    private
        ``schema.name`` → table of people that whoever asks sees.
    store
        Where those are kept; None where there are none.
    """

    snapshots: Mapping[str, Snapshot]
    tables: Mapping[str, VoTable]
    private: Mapping[str, PrivateTable] = field(default_factory=dict)
    store: PrivateTables | None = None

    @classmethod
    def now(cls, lake: Lake, uploaded: Mapping[str, VoTable] | None = None) -> "Catalog":
        """Return the newest versions as whoever asks (`asking`) sees them, with the tables that a query brings.

        Parameters
        ----------
        lake
            What is served.
        uploaded
            ``schema.name`` → table; None for none.
        """
        snapshots = {name: one.now() for name, one in lake.surveys.items()}
        known = [table for one in snapshots.values() for table in tables_of(one)]
        own, store = [_own(name) for name in MEANINGS], PrivateTables(lake.settings)
        private = {one.full_name: one for one in store.visible(asking().claims)}
        columns = known_columns(known) if private else {}
        theirs = [vo_table(one, columns) for one in private.values()]
        found = {one.full_name: one for one in (*known, *own, *theirs)} | dict(uploaded or {})
        return cls(snapshots, found, private, store)

    @property
    def schemas(self) -> list[tuple[str, str, list[VoTable]]]:
        """Name, meaning and tables of each schema."""
        told = {name: f"Public alerts of {name}, the running night among them." for name in self.snapshots}
        for one in self.private.values():
            told[one.schema] = f"Tables of the group {one.group}." if one.group else f"Tables of {one.owner}."
        told[TAP_SCHEMA] = "What may be asked: schemas, tables, columns, keys."
        tables = self.tables.values()
        return [(name, said, [one for one in tables if one.schema == name]) for name, said in told.items()]

    @property
    def keys(self) -> list[ForeignKey]:
        """Which columns of which tables stand for rows of which others."""
        pairs = ((f"{TAP_SCHEMA}.{one}", column, f"{TAP_SCHEMA}.{other}", target) for one, column, other, target in OWN)
        both = ((f"{name}.{SOURCES}", f"{name}.{OBJECTS}") for name in self.snapshots)
        of_objects = [ForeignKey(one, "object_id", other, "object_id") for one, other in both]
        return [*of_objects, *(ForeignKey(*one) for one in pairs)]

    def frames(self, used: tuple[str, ...], folder: Path) -> dict[str, str]:
        """Write what stands in memory of the tables that a query uses; return table → file.

        Parameters
        ----------
        used
            Tables as ``schema.name``.
        folder
            Where the files are written; it is there.

        Returns
        -------
        Name in SQL → path of an Arrow file.
        """
        surveys = {self.tables[name].schema for name in used} & set(self.snapshots)
        found = {}
        for name in sorted(surveys):
            snapshot = self.snapshots[name]
            if snapshot.live:
                rows = snapshot.engine.table(f"SELECT * FROM {snapshot.live}")  # noqa: S608  # ours
                found[snapshot.live] = put(rows, folder / f"{snapshot.live}.arrow")
        for name in used:
            table = self.tables[name]
            if table.schema == TAP_SCHEMA:
                found[table.full_name] = put(self._about(table.name), folder / f"{table.full_name}.arrow")
        return found

    def views(self, used: tuple[str, ...]) -> dict[str, str]:
        """Return the tables of surveys that a query uses, as SQL over files and frames."""
        chosen = (self.tables[name] for name in used)
        return {one.full_name: one.sql(self.snapshots[one.schema]) for one in chosen if one.schema in self.snapshots}

    def of_people(self, used: tuple[str, ...], folder: Path) -> dict[str, Path]:
        """Return table → file of the tables of people that a query uses; that they are looked into is noted.

        Parameters
        ----------
        used
            Tables as ``schema.name``.
        folder
            Where links to the files are made: one that is dropped meanwhile is read to its end.

        Raises
        ------
        Refused
            When one was dropped just now.
        """
        found = {}
        for name in used:
            if self.store is not None and name in self.private:
                link = folder / f"{name}.parquet"
                link.unlink(missing_ok=True)
                try:
                    link.hardlink_to(self.store.opened(self.private[name]))
                except FileNotFoundError as error:
                    raise Refused(f"there is no table '{name}'", parameter="QUERY", fix="it was dropped") from error
                found[name] = link
        return found

    def files(self, used: tuple[str, ...]) -> list[str]:
        """Return the files that those tables are in."""
        surveys = {self.tables[name].schema for name in used} & set(self.snapshots)
        opened = (self.snapshots[name].sources for name in sorted(surveys))
        return [str(file.path) for one in opened if one is not None for file in one.files]

    def _about(self, name: str) -> pa.Table:
        rows = {
            "schemas": self._about_schemas,
            "tables": self._about_tables,
            "columns": self._about_columns,
            "keys": self._about_keys,
            "key_columns": self._about_key_columns,
        }[name]()
        return pa.Table.from_pylist(list(rows), schema=pa.schema(list(MEANINGS[name][1].items())))

    def _about_schemas(self) -> Iterator[dict[str, object]]:
        for number, (name, meaning, _) in enumerate(self.schemas):
            yield {"schema_name": name, "description": meaning, "schema_index": number}

    def _about_tables(self) -> Iterator[dict[str, object]]:
        for schema, _, tables in self.schemas:
            for number, one in enumerate(tables):
                yield {"schema_name": schema, "table_name": one.full_name, "table_type": "table",
                       "description": one.meaning, "table_index": number}  # fmt: skip

    def _about_columns(self) -> Iterator[dict[str, object]]:
        for schema, _, tables in self.schemas:
            for table in tables:
                for number, one in enumerate(table.fields):
                    yield {"table_name": table.full_name, "column_name": delimited(one.name),
                           "datatype": one.datatype, "arraysize": one.arraysize or None, "xtype": one.xtype or None,
                           "description": one.meaning, "unit": one.unit or None, "ucd": one.ucd or None,
                           "indexed": int(one.is_indexed), "principal": int(one.is_principal),
                           "std": int(schema == TAP_SCHEMA), "column_index": number}  # fmt: skip

    def _about_keys(self) -> Iterator[dict[str, object]]:
        for number, one in enumerate(self.keys):
            yield {"key_id": f"k{number}", "from_table": one.table, "target_table": one.other}

    def _about_key_columns(self) -> Iterator[dict[str, object]]:
        for number, one in enumerate(self.keys):
            yield {"key_id": f"k{number}", "from_column": one.column, "target_column": one.target}


def put(rows: pa.Table, path: Path) -> str:
    """Write rows into a file; return its path.

    Parameters
    ----------
    rows
        The rows.
    path
        An Arrow file; one that is there is replaced.
    """
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
        writer.write_table(rows)
    return str(path)


def _own(name: str) -> VoTable:
    meaning, columns = MEANINGS[name]
    fields = tuple(
        Field(column, kind, meaning=column.replace("_", " ").capitalize() + ".", is_principal=True)
        for column, kind in columns.items()
    )
    return VoTable(TAP_SCHEMA, name, meaning, fields)
