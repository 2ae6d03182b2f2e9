"""Tables of an older format, which the code of today does not write to before they are upgraded."""

from pathlib import Path

from deltalake import DeltaTable

from fink_lib.errors import LakeError
from fink_lib.lake.tables.spec import TableSpec

BYTES = frozenset({"head", "tail"})  # columns of bronze that v0.1.0 had not: it kept packets as columns


def is_old(spec: TableSpec, lake: Path) -> bool:
    """Tell whether a table is there and of an older format."""
    path = str(spec.path(lake))
    if not set(spec.schema.names) >= BYTES or not DeltaTable.is_deltatable(path):
        return False
    return not {one.name for one in DeltaTable(path).schema().fields} >= BYTES


def require_current(spec: TableSpec, lake: Path) -> None:
    """Refuse to work on a table of an older format.

    Raises
    ------
    LakeError
        Naming the table and the way out.
    """
    if is_old(spec, lake):
        raise LakeError(
            f"{spec.full_name} was written by v0.1.0, which kept packets as columns: stop everything with `fink down` "
            "and run `fink lake upgrade`"
        )
