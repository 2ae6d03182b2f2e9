"""What a lake says, by table and night: digests that two runs over the same messages share, whenever they ran.

Left out is what a run cannot repeat: the broker's own clocks, versions of its code and of tables, and ids and places
that Kafka gives at the moment of sending. This is the one list of them.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

from fink_lib.errors import LakeError
from fink_lib.lake.digest import rows_and_digest
from fink_lib.lake.reading import NIGHT, open_table, table_names
from fink_lib.storage import LakePath

CLOCKS = frozenset(
    {
        "kafka_time",
        "ingest_time",
        "enrich_time",
        "publish_time",
        "quarantine_time",
        "release_time",
        "event_time",
        "failure_time",
        "first_time",  # that a writer schema was met
        "received_at",  # of a notice of an event
        "closed_at",
        "decided_at",
        "loaded_at",
        "matched_at",
        "since",  # of a version in science_facts
        "month",  # of a statement
        "at",  # of a step of a notice, of a filter's event
    }
)
RUNS = frozenset({"run_id"})  # Airflow writes the time into it
VERSIONS = frozenset({"code_version", "science_digest", "partner_tables"})
TOPIC_IDS = frozenset({"topic_id", "kafka_topic_id"})
OF_A_RUN = CLOCKS | RUNS | VERSIONS | TOPIC_IDS
# Last part of a table's name → its further columns that a run cannot repeat
OF_A_RUN_IN = {
    "published": frozenset({"offset"}),  # topics take messages in the order in which batches ended
    "community": frozenset({"statement_id", "about_statement", "supersedes", "ivorn"}),  # names are made by the clock
}

UNDATED, ALL = "undated", "all"  # rows without a night; a table without nights or without rows


@dataclass(frozen=True)
class NightDigest:
    """The digest of what a table says about one night.

    Attributes
    ----------
    table
        Full name, for example ``silver_ztf__alerts``.
    night
        Date as YYYY-MM-DD; ``undated`` for rows that have none; ``all`` for a table
        without nights or rows.
    rows
        How many there are.
    digest
        32 hexadecimal digits.
    """

    table: str
    night: str
    rows: int
    digest: str


def kept_columns(table: str, columns: Sequence[str]) -> list[str]:
    """Return the columns of a table that a run over the same messages would fill alike, in their order.

    Parameters
    ----------
    table
        Full name: its last part decides what else is left out (`OF_A_RUN_IN`).
    columns
        Names of its columns.
    """
    left_out = OF_A_RUN | OF_A_RUN_IN.get(table.rpartition("__")[2], frozenset())
    return [column for column in columns if column not in left_out]


def lake_digests(
    lake: LakePath, tables: Sequence[str] | None = None, night: dt.date | None = None
) -> Iterator[NightDigest]:
    """Yield the digests of some tables of a lake, table by table and night by night.

    Parameters
    ----------
    lake
        Folder of the tables.
    tables
        Full names; when none is given, all tables, or all that have nights if a night is asked for.
    night
        That night alone; every night when not given.

    Raises
    ------
    LakeError
        When there is no table of a name; when a table that is named has no nights and one is asked for.
    """
    for table in tables or table_names(lake):
        if not tables and night is not None and NIGHT not in _columns(open_table(lake, table)):
            continue
        yield from night_digests(lake, table, night)


def night_digests(lake: LakePath, table: str, night: dt.date | None = None) -> Iterator[NightDigest]:
    """Yield the digests of a table, night by night.

    Parameters
    ----------
    lake
        Folder of the tables.
    table
        Full name, for example ``silver_ztf__alerts``.
    night
        That night alone, with 0 rows where the table has none of it; every night when not given.

    Raises
    ------
    LakeError
        When there is no such table; when a night is asked for and the table has no nights.
    """
    delta = open_table(lake, table)
    names = _columns(delta)
    columns = ", ".join(f'"{name}"' for name in kept_columns(table, names))
    content = QueryBuilder().register("content", delta)
    if NIGHT not in names:
        if night is not None:
            raise LakeError(f"table {table} has no nights: ask for its digest without a night")
        yield _digest(content, table, ALL, columns, "true")
        return
    nights = [night] if night is not None else _nights(content)
    if not nights:
        yield _digest(content, table, ALL, columns, "true")
    for one in nights:
        condition = f"night = DATE '{one}'" if one is not None else "night IS NULL"
        yield _digest(content, table, UNDATED if one is None else str(one), columns, condition)


def _columns(table: DeltaTable) -> list[str]:
    return [field.name for field in table.schema().fields]


def _digest(content: QueryBuilder, table: str, night: str, columns: str, condition: str) -> NightDigest:
    query = f"SELECT {columns} FROM content WHERE {condition}"  # noqa: S608 - names out of the table's own schema
    return NightDigest(table, night, *rows_and_digest(pa.record_batch(batch) for batch in content.execute(query)))


def _nights(content: QueryBuilder) -> list[dt.date | None]:
    """Return the nights of a table in their order, rows without one last."""
    found = content.execute("SELECT DISTINCT night FROM content")
    nights = {value for batch in found for value in pa.record_batch(batch).column(0).to_pylist()}
    dated: list[dt.date | None] = sorted(nights - {None})
    return dated + [None] * (None in nights)
