"""A table is read by Arrow's own file system, whatever its partitions are called."""

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyarrow.fs import SubTreeFileSystem

from fink_lib.config import PROJECT_DIR
from fink_lib.lake.on_disk import dataset_of


@pytest.mark.parametrize("value", ["plain", "a b%c/d=e", "ü"])
def test_rows_are_those_that_delta_rs_reads(tmp_path: Path, value: str) -> None:
    rows = pa.table({"part": [value, value], "number": [1, 2]})
    write_deltalake(str(tmp_path), rows, partition_by=["part"])
    table = DeltaTable(str(tmp_path))
    found = dataset_of(table)
    assert isinstance(found.filesystem, SubTreeFileSystem)
    assert found.to_table(columns=["part", "number"]).to_pylist() == rows.to_pylist()
    assert found.to_table().equals(table.to_pyarrow_dataset().to_table())


def test_nothing_reads_by_the_file_system_of_delta_rs() -> None:
    """A process whose last act is to read by it ends with a signal now and then."""
    folder = PROJECT_DIR / "fink_lib"
    found = [path for path in folder.rglob("*.py") if ".to_pyarrow_dataset(" in path.read_text()]
    assert found == [folder / "lake" / "on_disk.py"]
