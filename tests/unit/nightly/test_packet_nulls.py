"""Nulls of packet fields out of the footers of files, as a query would count them."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fink_lib.nightly.job import NightContext
from fink_lib.nightly.statistics.packet_nulls import leaf_paths, null_shares, packet_nulls
from fink_lib.surveys import get_survey
from fink_lib.surveys.tables import packet_schema

PATHS = {"candidate.rb", "candidate.drb", "candidate.new"}


def write(path: Path, rows: list[dict[str, float | None] | None], *, counted: bool = True) -> Path:
    kind = pa.struct([("rb", pa.float64()), ("drb", pa.float64())])
    pq.write_table(pa.table({"candidate": pa.array(rows, type=kind)}), path, row_group_size=2, write_statistics=counted)
    return path


def test_nulls_are_added_up_over_row_groups_and_files(tmp_path: Path) -> None:
    one = write(tmp_path / "a.parquet", [{"rb": 0.9, "drb": None}, {"rb": None, "drb": None}, {"rb": 0.1, "drb": 0.2}])
    other = write(tmp_path / "b.parquet", [None])  # a packet without the struct has none of its fields
    assert null_shares([one, other], PATHS) == {"candidate.drb": 0.75, "candidate.new": 1.0, "candidate.rb": 0.5}
    assert null_shares([], PATHS) == {}


def test_a_column_that_a_file_does_not_count_is_left_out(tmp_path: Path) -> None:
    counted = write(tmp_path / "a.parquet", [{"rb": 0.9, "drb": None}])
    silent = write(tmp_path / "b.parquet", [{"rb": 0.9, "drb": None}], counted=False)
    assert null_shares([counted, silent], PATHS) == {"candidate.new": 1.0}


@pytest.mark.parametrize(
    ("survey", "known", "lists"),
    [("ztf", "candidate.drb", "prv_candidates"), ("lsst", "ssSource.eclLambda", "prvDiaSources")],
)
def test_fields_of_structs_are_asked_for_and_those_of_lists_are_not(survey: str, known: str, lists: str) -> None:
    paths = set(leaf_paths(packet_schema(get_survey(survey), cutouts=False)))
    assert known in paths
    assert not any(path.startswith(lists) for path in paths)


def test_a_night_without_silver_has_no_nulls(context: NightContext) -> None:
    assert packet_nulls(context) == {}
