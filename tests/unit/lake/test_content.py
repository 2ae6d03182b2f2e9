"""Two runs over the same messages have the same digests; a row that says something else has another."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from typer.testing import CliRunner

from fink_lib.cli.lake import app
from fink_lib.errors import LakeError
from fink_lib.lake.content import CLOCKS, NightDigest, kept_columns, lake_digests, night_digests
from fink_lib.maintenance.run import known_specs

FIRST, SECOND = dt.date(2018, 11, 29), dt.date(2023, 10, 18)
SILVER, PUBLISHED = "silver_ztf__alerts", "gold_ztf__published"
NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def silver_rows(at: dt.datetime = NOON, **changes: Any) -> list[dict[str, Any]]:
    """Return five alerts of the first night and one of the second, as a run at some time writes them."""
    rows = [
        {
            "night": FIRST if number < 5 else SECOND,
            "alert_id": number,
            "objectId": f"ZTF{number}",
            "candidate": {"jd": 2458451.5 + number, "rb": 0.5},
            "reasons": ["rb", "nbad"],
            "kafka_offset": number,
            "kafka_time": at,
            "ingest_time": at,
            "enrich_time": at,
            "code_version": at.isoformat(),
            "science_digest": str(at.hour),
        }
        for number in range(6)
    ]
    rows[2].update(changes)
    return rows


def written(lake: Path, rows: list[dict[str, Any]], table: str = SILVER, files: int = 1) -> Path:
    for file in range(files):
        write_deltalake(lake / table, pa.Table.from_pylist(rows[file::files]), mode="append", partition_by=["night"])
    return lake


def digests(lake: Path, table: str = SILVER) -> dict[str, str]:
    return {one.night: one.digest for one in night_digests(lake, table)}


def test_two_runs_over_the_same_messages_are_equal(tmp_path: Path) -> None:
    one = written(tmp_path / "one", silver_rows())
    turned = [dict(reversed(row.items())) for row in reversed(silver_rows(NOON + dt.timedelta(days=3)))]
    other = written(tmp_path / "other", turned, files=3)
    assert digests(one) == digests(other)
    assert list(digests(one)) == ["2018-11-29", "2023-10-18"]
    assert [found.rows for found in night_digests(one, SILVER)] == [5, 1]


@pytest.mark.parametrize(
    "change",
    [{"kafka_offset": 9}, {"candidate": {"jd": 2458451.5, "rb": 0.5}}, {"reasons": ["nbad", "rb"]}, {"objectId": None}],
    ids=str,
)
def test_a_changed_value_changes_its_night_alone(tmp_path: Path, change: dict[str, Any]) -> None:
    before = digests(written(tmp_path / "before", silver_rows()))
    after = digests(written(tmp_path / "after", silver_rows(**change)))
    assert before["2018-11-29"] != after["2018-11-29"]
    assert before["2023-10-18"] == after["2023-10-18"]


def test_a_column_that_holds_nothing_yet_changes_nothing(tmp_path: Path) -> None:
    old = written(tmp_path / "old", silver_rows())
    new = written(tmp_path / "new", [{**row, "topic_id": "a1", "later": None} for row in silver_rows()])
    assert digests(old) == digests(new)


def test_only_published_leaves_out_its_offset(tmp_path: Path) -> None:
    rows = [{"night": FIRST, "topic": "fink_vra_ztf", "partition": 3, "offset": 7, "publish_time": NOON}]
    before = digests(written(tmp_path / "before", rows, PUBLISHED), PUBLISHED)
    later = digests(written(tmp_path / "later", [{**rows[0], "offset": 8}], PUBLISHED), PUBLISHED)
    moved = digests(written(tmp_path / "moved", [{**rows[0], "partition": 4}], PUBLISHED), PUBLISHED)
    assert before == later != moved
    assert kept_columns(SILVER, ["night", "offset", "enrich_time"]) == ["night", "offset"]


TOLD = {"trigger_time", "notice_time", "first_seen"}  # by others, of the sky: the same in every run


def test_every_clock_of_the_broker_is_left_out() -> None:
    """A table that gets a clock must name it: its digest would be another in each run."""
    specs = known_specs(Path("nowhere"))
    clocks = {column.name for spec in specs for column in spec.schema if pa.types.is_timestamp(column.type)}
    assert clocks
    assert clocks - TOLD <= CLOCKS


def test_rows_without_a_night_and_tables_without_nights_have_a_line(tmp_path: Path) -> None:
    rows = silver_rows()
    write_deltalake(tmp_path / SILVER, pa.Table.from_pylist([*rows, {**rows[0], "night": None}]))
    write_deltalake(tmp_path / "gold__catalogs", pa.table({"name": ["vsx"], "loaded_at": [NOON]}))
    write_deltalake(tmp_path / PUBLISHED, pa.table({"night": pa.array([], pa.date32())}))
    found = [(one.table, one.night, one.rows) for one in lake_digests(tmp_path)]
    assert found == [
        ("gold__catalogs", "all", 1),
        (PUBLISHED, "all", 0),
        (SILVER, "2018-11-29", 5),
        (SILVER, "2023-10-18", 1),
        (SILVER, "undated", 1),
    ]
    of_a_night = [(one.table, one.rows) for one in lake_digests(tmp_path, night=SECOND)]
    assert of_a_night == [(PUBLISHED, 0), (SILVER, 1)]
    with pytest.raises(LakeError, match="gold__catalogs has no nights"):
        list(lake_digests(tmp_path, ["gold__catalogs"], SECOND))
    with pytest.raises(LakeError, match="no table silver_ztf__alert in"):
        list(lake_digests(tmp_path, ["silver_ztf__alert"]))


def test_a_digest_is_what_it_was(tmp_path: Path) -> None:
    """What is written down of a release must be found again by every later one."""
    assert next(night_digests(written(tmp_path, silver_rows()), SILVER)) == NightDigest(
        SILVER, "2018-11-29", 5, "ceda108e60bf04d68591514232b628e2"
    )


def test_the_command_prints_a_line_a_table_and_night(tmp_path: Path) -> None:
    lake = written(tmp_path / "lake", silver_rows())
    (first, second) = night_digests(lake, SILVER)
    run = CliRunner().invoke(app, ["digest", "--home", str(tmp_path)])
    assert run.output.splitlines() == [
        f"{first.digest}  2018-11-29  {SILVER}  5 rows",
        f"{second.digest}  2023-10-18  {SILVER}  1 rows",
    ]
    asked = ["digest", SILVER, "--night", "2023-10-18", "--json", "--home", str(tmp_path)]
    told = json.loads(CliRunner().invoke(app, asked).output)
    assert told == [{"table": SILVER, "night": "2023-10-18", "rows": 1, "digest": second.digest}]
    assert DeltaTable(lake / SILVER).version() == 0
