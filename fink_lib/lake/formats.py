"""Tables of an older format: the code of today works on none of them before they are upgraded."""

from collections.abc import Iterable, Iterator

from fink_lib.errors import LakeError
from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.renamed import COLUMNS, TABLES, has_old_names
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.storage import LakePath

BYTES = frozenset({"head", "tail"})  # columns of bronze that v0.1.0 had not: it kept packets as columns
FINGERPRINT = "schema_fingerprint"  # a column of bronze that only v0.1.0 had
UPGRADING = "upgrading"  # folder beside the tables, there from the beginning of an upgrade to its end
BRONZE, REJECTED = "bronze_*__alerts", "silver_*__rejected"
WAY_OUT = "stop everything with `fink down` and run `fink lake upgrade`"


def is_old(spec: TableSpec, lake: LakePath) -> bool:
    """Tell whether a table is there and of an older format, or under an older name.

    Parameters
    ----------
    spec
        The table, under the name that it has today.
    lake
        Root folder of the tables.
    """
    names = set(spec.schema.names)
    if any((lake / old).exists() for old, new in TABLES.items() if new == spec.full_name):
        return True
    return (names >= BYTES and has_old_packets(spec.path(lake))) or (
        not names.isdisjoint(COLUMNS.values()) and has_old_columns(spec.path(lake))
    )


def has_old_columns(path: LakePath) -> bool:
    """Tell whether a table is there and calls a column as v0.1.0 did."""
    return has_old_names(columns_of(path))


def has_old_packets(path: LakePath) -> bool:
    """Tell whether a table is there and keeps packets as v0.1.0 did."""
    names = columns_of(path)
    return FINGERPRINT in names and not names >= BYTES


def columns_of(path: LakePath) -> frozenset[str]:
    """Return the columns of a table out of its log; none where there is no table."""
    if not is_delta_table(path):
        return frozenset()
    return frozenset(one.name for one in delta_table(path).schema().fields)


def require_current(spec: TableSpec, lake: LakePath) -> None:
    """Refuse to work on a table of an older format.

    Parameters
    ----------
    spec
        The table; one that does not exist is not refused.
    lake
        Root folder of the tables.

    Raises
    ------
    LakeError
        Naming the table and the way out.
    """
    if is_old(spec, lake):
        raise _refusal(lake, spec.full_name)


def require_current_lake(lake: LakePath) -> None:
    """Refuse to work on a lake that an older version wrote, or whose upgrade was not finished.

    Raises
    ------
    LakeError
        Naming the lake, the first table that is old, and the way out.
    """
    if not lake.is_dir():
        return
    if (lake / UPGRADING).exists():
        raise LakeError(f"the upgrade of {lake} was not finished: {WAY_OUT}, which goes on where it stopped")
    if old := next(old_tables(lake), None):
        raise _refusal(lake, old.name)


def old_tables(lake: LakePath) -> Iterator[LakePath]:
    """Yield the folders of old tables, beside the live ones those of shadows and candidates."""
    yield from (path for path in _sorted(lake.glob(BRONZE)) if has_old_packets(path))
    yield from (path for path in rejected_tables(lake) if has_old_columns(path))
    yield from (lake / old for old in TABLES if (lake / old).exists())


def rejected_tables(lake: LakePath) -> list[LakePath]:
    """Return the folders of the tables whose columns were renamed, those of shadows and candidates among them."""
    return _sorted([*lake.glob(REJECTED), *lake.glob(f"*/{REJECTED}")])


def _sorted(places: Iterable[LakePath]) -> list[LakePath]:
    return sorted(places, key=str)


def _refusal(lake: LakePath, table: str) -> LakeError:
    return LakeError(f"{table} in {lake} was written by v0.1.0, whose tables have another form: {WAY_OUT}")
