"""Alerts read from files of silver: any file that the table ever had, and each value in the table's own type."""

import datetime as dt
import io
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fink_lib.distribute.alerts import FILE, ROW, Silver, kind_at, paths_in, public_ones
from fink_lib.distribute.private import have_private, private_paths
from fink_lib.distribute.suffix import Suffix
from fink_lib.lake.tables.types import TEXT_MAP, TS
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import LSST, WINTER, ZTF

NIGHT = dt.date(2021, 11, 22)
AT = dt.datetime(2021, 11, 22, 3, 4, 5, 678901, tzinfo=dt.UTC)
POINT = pa.struct([("jd", pa.float64()), ("programid", pa.int32())])
STORED = pa.schema(
    [
        ("alert_id", pa.int64()),
        ("candidate", pa.struct([("programid", pa.int32()), ("magpsf", pa.float32())])),
        ("prv_candidates", pa.list_(POINT)),
        ("ingest_time", TS),
        ("versions", TEXT_MAP),
    ]
)
# silver as it is now: with a night, and with columns that the file was written without
TABLE = pa.schema([("night", pa.date32()), *STORED, ("roid", pa.int32()), ("new", pa.struct([("a", pa.string())]))])
ROWS: list[dict[str, Any]] = [
    {"candidate": {"programid": 1, "magpsf": 18.5}, "prv_candidates": [{"jd": 1.0, "programid": 1}], "ingest_time": AT},
    {"candidate": {"programid": 2, "magpsf": 17.0}, "prv_candidates": None, "ingest_time": None},
    {"candidate": None, "prv_candidates": [], "ingest_time": AT},
    {
        "candidate": {"programid": 1, "magpsf": None},
        "prv_candidates": [{"jd": 2.0, "programid": 1}, {"jd": 3.0, "programid": 2}, {"jd": None, "programid": 1}],
    },
    {"candidate": {"programid": 1, "magpsf": 16.0}, "prv_candidates": [None, {"jd": 4.0, "programid": 1}]},
    {"candidate": {"programid": 1, "magpsf": 15.0}, "prv_candidates": [{"jd": 5.0, "programid": None}]},
]


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A file of three row groups, with times as Spark stores them; as Spark names it."""
    path = tmp_path / "a table" / f"night={NIGHT}" / "part-0.parquet"
    path.parent.mkdir(parents=True)
    rows = [{"alert_id": 2**53 + at, "versions": [("a", "1")], **row} for at, row in enumerate(ROWS)]
    table = pa.Table.from_pylist(rows, schema=STORED)
    pq.write_table(table, path, row_group_size=2, use_deprecated_int96_timestamps=True)
    return path.as_uri()


def test_heads_tell_where_each_alert_stands(file: str) -> None:
    rows = Silver(TABLE).heads([file], ["night", "alert_id", "ingest_time", "roid"])
    assert rows["night"].to_pylist() == [NIGHT] * 6
    assert rows["alert_id"].to_pylist() == [2**53 + at for at in range(6)]
    assert rows["ingest_time"].to_pylist() == [AT, None, AT, None, None, None]
    assert rows["roid"].to_pylist() == [None] * 6
    assert rows[ROW].to_pylist() == list(range(6))
    assert rows.schema.field("ingest_time").type == TS
    assert Path(rows[FILE][0].as_py()).is_file()
    assert Silver(TABLE).heads([], ["night"]).num_rows == 0


def test_columns_of_some_alerts_are_read_a_few_at_a_time(file: str) -> None:
    alerts = Silver(TABLE).heads([file], ["alert_id"]).take([5, 0, 3, 2])
    paths = ["candidate.magpsf", "prv_candidates.jd", "versions", "new", "new.a", "alert_id"]
    found = list(Silver(TABLE).columns(alerts, paths, 1))
    assert [some["alert_id"].to_pylist() for some, _ in found] == [[2**53 + at] for at in (0, 2, 3, 5)]
    assert [rows["alert_id"].to_pylist() for _, rows in found] == [[2**53 + at] for at in (0, 2, 3, 5)]
    assert [rows["candidate.magpsf"].to_pylist() for _, rows in found] == [[18.5], [None], [None], [15.0]]
    assert [rows["prv_candidates.jd"].to_pylist() for _, rows in found] == [[[1.0]], [[]], [[2.0, 3.0, None]], [[5.0]]]
    assert {str(rows["versions"].to_pylist()) for _, rows in found} == {"[[('a', '1')]]"}
    assert [rows["new"].null_count + rows["new.a"].null_count for _, rows in found] == [2] * 4


def test_alerts_of_which_nothing_is_known_are_not_public(file: str) -> None:
    rows = Silver(TABLE).heads([file], ["alert_id", *paths_in(ZTF.public)])
    assert public_ones(rows, ZTF.public)["alert_id"].to_pylist() == [2**53 + at for at in (0, 3, 4, 5)]
    assert public_ones(rows, LSST.public).num_rows == 6
    assert public_ones(rows.slice(0, 0), ZTF.public).num_rows == 0
    assert [paths_in(one.public) for one in (ZTF, LSST, WINTER)] == [
        ["candidate.programid"],
        [],
        ["candidate.programid"],
    ]


def test_a_point_whose_programme_is_not_known_must_not_leave(file: str) -> None:
    paths = private_paths(ZTF, TABLE)
    assert paths == ["prv_candidates.programid"]
    alerts = Silver(TABLE).heads([file], ["alert_id"])
    found = [
        flag for some, rows in Silver(TABLE).columns(alerts, paths, 4) for flag in have_private(ZTF, rows, len(some))
    ]
    assert found == [False, False, False, True, True, True]
    assert private_paths(LSST, TABLE) == []


def test_what_is_added_has_times_as_text_and_a_field_for_every_column(file: str) -> None:
    suffix = Suffix.of(TABLE, ZTF)
    assert list(suffix.columns) == ["ingest_time", "versions", "roid", "new", "cdsxmatch"]
    names = [fld["name"] for fld in suffix.record["fields"]]
    assert names == ["brokerIngestTimestamp", "versions", "roid", "new", "cdsxmatch"]
    alerts = Silver(TABLE).heads([file], ["alert_id"])
    ((_, rows),) = Silver(TABLE).columns(alerts.slice(0, 2), [one for one in suffix.columns if one in TABLE.names], 9)
    schema = fastavro.parse_schema(suffix.record)
    first, second = (
        fastavro.schemaless_reader(io.BytesIO(one), schema, None) for one in suffix.of_rows(rows, 2).to_pylist()
    )
    rest = {"versions": {"a": "1"}, "roid": None, "new": None, "cdsxmatch": None}
    assert first == {"brokerIngestTimestamp": "2021-11-22 03:04:05.678901", **rest}
    assert second == {"brokerIngestTimestamp": None, **rest}


def test_every_column_of_silver_can_leave() -> None:
    for survey in (ZTF, LSST):
        columns = silver_spec(survey).plain_schema
        suffix = Suffix.of(columns, survey)
        nothing = {name: pa.nulls(1, columns.field(name).type) for name in suffix.columns if name in columns.names}
        assert suffix.of_rows(nothing, 1).to_pylist() == [bytes(len(suffix.columns))]


def test_a_path_through_a_list_is_a_list() -> None:
    assert kind_at(TABLE, "prv_candidates.jd") == pa.list_(pa.float64())
    assert kind_at(TABLE, "candidate.magpsf") == pa.float32()
