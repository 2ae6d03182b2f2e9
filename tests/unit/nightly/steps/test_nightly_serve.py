"""The tables made for reading: each public alert once, sorted, in few runs, whatever order nights are closed in."""

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy import units as u
from astropy_healpix import lonlat_to_healpix
from deltalake import DeltaTable, write_deltalake

from expectations.served import SERVED
from fink_lib.config import Settings
from fink_lib.errors import LakeError
from fink_lib.lake import read
from fink_lib.lake.tables import HPX_ORDER, full_name
from fink_lib.nightly.job import NightContext
from fink_lib.quality.served import broken_rows
from fink_lib.served.opened import Opened
from fink_lib.storage import on_disk
from fink_lib.testing.nights import NIGHT, silver_row
from tests.builders.lake_folder import lake_folder
from tests.builders.served_home import ZTF, append, serve

NAMES = ("sources", "alert_ids", "latest")


def night(number: int) -> dt.date:
    return NIGHT + dt.timedelta(days=number)


def rows(number: int, count: int = 6) -> list[dict[str, Any]]:
    """Rows of a night, in no order of the sky; the last one is private."""
    made = [
        silver_row(offset, night=night(number), alert_id=1000 * number + offset, kafka_offset=1000 * number + offset,
                   ra=(offset * 77.7 + number) % 360, dec=offset * 11.0 % 170 - 85,
                   time=2459540.5 + number + offset / 100, finkclass=["SN candidate", "Unknown"][offset % 2])
        for offset in range(count)
    ]  # fmt: skip
    made[-1] = {**made[-1], "candidate": {**made[-1]["candidate"], "programid": 3}}
    return made


def table(settings: Settings, name: str) -> pa.Table:
    return read("gold", "ztf", name, lake=lake_folder(settings))


def paths(settings: Settings, name: str) -> list[Path]:
    opened = Opened(DeltaTable(str(lake_folder(settings) / full_name("gold", "ztf", name))))
    return [on_disk(file.path, "a test") for file in opened.files]


def test_nights_in_any_order_with_one_closed_again(settings: Settings) -> None:
    order = [3, 0, 5, 1, 4, 2]
    for number in order:
        append(settings, rows(number))
        facts = serve(settings, night(number), most=3)
    append(settings, [{**row, "alert_id": row["alert_id"] + 500} for row in rows(4)])
    facts = serve(settings, night(4), most=3)
    expected = {1000 * number + offset for number in order for offset in range(5)} | {4500 + n for n in range(5)}
    assert facts["silver"] == 12
    for name in NAMES:
        assert sorted(table(settings, name)["alert_id"].to_pylist()) == sorted(expected)
        assert facts["tables"][name]["runs"] <= 3
    runs = [set(table(settings, name)["run"].to_pylist()) for name in NAMES]
    assert runs[0] == runs[1] == runs[2]


def test_files_are_sorted_and_can_be_looked_into(settings: Settings) -> None:
    append(settings, rows(0, 40))
    serve(settings, night(0))
    (file,) = paths(settings, "sources")
    found = pq.read_table(file)
    cells = lonlat_to_healpix(
        found["ra"].to_numpy() * u.deg, found["dec"].to_numpy() * u.deg, 2**HPX_ORDER, order="nested"
    )
    assert found["hpx"].to_pylist() == cells.tolist() == sorted(cells)
    for name, columns in (("sources", {"object_id", "alert_id"}), ("alert_ids", {"alert_id"})):
        (file,) = paths(settings, name)
        told = duckdb.sql(
            "SELECT path_in_schema, bloom_filter_offset FROM parquet_metadata(?)", params=[str(file)]
        ).fetchall()
        assert {column for column, bloom in told if bloom is not None} >= columns
    latest = table(settings, "latest").to_pylist()
    assert [(row["class"], -row["time"]) for row in latest] == sorted((row["class"], -row["time"]) for row in latest)


def test_what_was_covered_is_noted(settings: Settings) -> None:
    append(settings, rows(0))
    serve(settings, night(0))
    opened = Opened(DeltaTable(str(lake_folder(settings) / full_name("gold", "ztf", "sources"))))
    assert opened.covered(night(0)) == 6, "private rows were looked at too"
    assert opened.covered(night(1)) is None


def test_a_night_without_public_alerts_is_covered(settings: Settings) -> None:
    append(settings, rows(0, 1))
    facts = serve(settings, night(0))
    assert facts["tables"]["sources"]["rows"] == 0
    assert Opened(DeltaTable(str(lake_folder(settings) / full_name("gold", "ztf", "sources")))).covered(night(0)) == 1


def test_rows_that_are_wrong_are_named(settings: Settings) -> None:
    append(settings, rows(0))
    append(settings, rows(0)[:1])
    context = NightContext(settings, ZTF, night(0), "run-1")
    with pytest.raises(AssertionError, match=r"sources.alert_id \(1 of 6 rows break it\)"):
        serve(settings, night(0))
    assert any(one.startswith("latest.alert_id") for one in broken_rows(context, SERVED))


def test_a_table_that_plain_readers_misread_is_refused(tmp_path: Path) -> None:
    write_deltalake(str(tmp_path), pa.table({"a": [1]}), configuration={"delta.enableDeletionVectors": "true"})
    with pytest.raises(LakeError, match="asks for readers of version 3"):
        Opened(DeltaTable(str(tmp_path)))
