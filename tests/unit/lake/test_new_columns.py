"""Columns that a table lacks are added once, whoever else adds them at the same time."""

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, Field, write_deltalake
from deltalake.exceptions import CommitFailedError
from deltalake.schema import PrimitiveType

from fink_lib.errors import ConfigError
from fink_lib.lake import columns
from fink_lib.lake.columns import add_columns

OLD = Field("old", PrimitiveType("long"))
NEW = Field("new", PrimitiveType("double"))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return a table with one row of one column."""
    write_deltalake(tmp_path / "silver", pa.table({"old": pa.array([1])}))
    return tmp_path / "silver"


def test_what_is_there_stays_and_has_nothing_in_what_is_new(table: Path) -> None:
    assert add_columns(table, [OLD, NEW]) == ["new"]
    assert add_columns(table, [OLD, NEW]) == []
    assert DeltaTable(table).version() == 1
    assert DeltaTable(table).to_pyarrow_table().to_pylist() == [{"old": 1, "new": None}]


def test_the_one_that_comes_second_finds_the_columns_there(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Beaten:
        def __init__(self, path: Path) -> None:
            self.inner, self.alter, self.schema = DeltaTable(path), self, DeltaTable(path).schema

        def add_columns(self, fields: list[Field]) -> None:
            self.inner.alter.add_columns(fields)
            raise CommitFailedError("another one was first")

    monkeypatch.setattr(columns, "delta_table", Beaten)
    assert add_columns(table, [NEW]) == []
    assert "new" in {fld.name for fld in DeltaTable(table).schema().fields}


def test_a_column_that_must_not_be_null_is_refused(table: Path) -> None:
    with pytest.raises(ConfigError, match="silver lacks the column must"):
        add_columns(table, [Field("must", PrimitiveType("long"), nullable=False)])
    assert DeltaTable(table).version() == 0
