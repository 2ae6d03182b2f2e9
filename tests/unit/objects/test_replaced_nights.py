"""Which nights were replaced, out of the log of a table."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from fink_lib.lake.log import entry
from fink_lib.objects.replaced import replaced_nights

FIRST, SECOND = dt.date(2026, 1, 1), dt.date(2026, 1, 2)


def rows(night: dt.date, value: int) -> pa.Table:
    return pa.table({"night": pa.array([night], pa.date32()), "value": [value]})


def test_replaced_nights_are_told_and_appended_or_compacted_ones_are_not(tmp_path: Path) -> None:
    path = tmp_path / "silver"
    for night in (FIRST, SECOND, FIRST):
        write_deltalake(path, rows(night, 1), mode="append", partition_by=["night"])
    DeltaTable(path).optimize.compact()
    assert replaced_nights(path, 0, 3) == set()
    write_deltalake(path, rows(FIRST, 2), mode="overwrite", predicate=f"night = '{FIRST}'")
    assert replaced_nights(path, 3, 4) == {FIRST}
    assert replaced_nights(path, 4, 4) == set()
    entry(path, 4).unlink()
    assert replaced_nights(path, 3, 4) is None
