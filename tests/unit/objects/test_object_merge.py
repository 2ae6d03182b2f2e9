"""One row an object: what a night adds, and that the order of closing never shows."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from deltalake import DeltaTable
from object_lake import NIGHTS, alert, merge, objects, random_sky, silver

from fink_lib.lake.digest import table_digest
from fink_lib.lake.tables import gold_objects
from fink_lib.surveys import ZTF

SN = "SN candidate"


def test_what_a_row_says(tmp_path: Path) -> None:
    rows = [
        alert(1, "A", 10.0, 5.0, band="g", class_default=SN),
        alert(2, "A", 10.0 + 0.2 / 3600, 5.0, class_default="Unknown"),
        alert(2, "A", 10.0 + 0.2 / 3600, 5.0, class_default="Unknown"),  # the same alert, twice in the table
        alert(9, "A", 10.0, 5.0 + 0.2 / 3600, night=NIGHTS[2], class_default=SN),
        alert(4, None, 11.0, 5.0),
    ]
    merge(tmp_path, "ztf", silver("ztf", rows), NIGHTS)
    found = objects(tmp_path, "ztf")
    assert set(found) == {"A"}
    row = found["A"]
    assert (row["alerts"], row["bands"], row["last_alert_id"]) == (3, [("g", 1), ("r", 2)], 9)
    assert (row["first_night"], row["last_night"]) == (NIGHTS[0], NIGHTS[2])
    assert (row["first_time"], row["last_time"]) == (60001.0, 60009.0)
    assert (row["class"], row["class_reason"]) == (SN, f"class_default: 2 of 3 alerts, last night {NIGHTS[2]}")
    # By hand: means of 0, 0.2 and 0 arcsec along each axis; scatter 0.11 an axis, less than the typical error
    place = SkyCoord(row["ra"] * u.deg, row["dec"] * u.deg).spherical_offsets_to(SkyCoord(10 * u.deg, 5 * u.deg))
    offset_ra, offset_dec = (float(-one.arcsec) for one in place)
    assert offset_ra == pytest.approx(0.2 / 3 * np.cos(np.radians(5.0)), abs=1e-6)
    assert offset_dec == pytest.approx(0.2 / 3, abs=1e-6)
    assert row["position_error_arcsec"] == pytest.approx(ZTF.objects.typical_error_arcsec / np.sqrt(3))
    assert [(one["night"], one["alerts"]) for one in row["nights"]] == [(NIGHTS[0], 2), (NIGHTS[2], 1)]


def test_a_wide_scatter_makes_the_error(tmp_path: Path) -> None:
    """Two positions a nights' scatter apart: half their distance an axis over root 2, by the definition."""
    rows = [alert(1, "A", 10.0, 0.0), alert(2, "A", 10.0, 2.0 / 3600, night=NIGHTS[1])]
    merge(tmp_path, "ztf", silver("ztf", rows), NIGHTS)
    # squared distances from the mean: 1 + 1 arcsec2, two axes, one degree of freedom; over two alerts
    assert objects(tmp_path, "ztf")["A"]["position_error_arcsec"] == pytest.approx(np.sqrt(2.0 / 2.0 / 2.0), rel=1e-6)


def test_errors_of_the_packet_are_used(tmp_path: Path) -> None:
    source = {"ssObjectId": 0, "raErr": 3e-5, "decErr": 4e-5}
    merge(tmp_path, "lsst", silver("lsst", [alert(1, "7", 1.0, 2.0, diaSource=source)]), NIGHTS)
    expected = 3600.0 * np.sqrt((3e-5**2 + 4e-5**2) / 2.0)
    assert objects(tmp_path, "lsst")["7"]["position_error_arcsec"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("ra", "dec"), [(0.0, 0.0), (0.0, 89.9999), (123.0, 90.0), (300.0, -90.0)])
def test_the_mean_is_a_place_across_ra_0_and_at_the_poles(tmp_path: Path, ra: float, dec: float) -> None:
    centre = SkyCoord(ra * u.deg, dec * u.deg)
    around = [centre.directional_offset_by(angle * u.deg, 0.5 * u.arcsec) for angle in (0, 90, 180, 270)]
    rows = [alert(at, "A", float(one.ra.deg), float(one.dec.deg)) for at, one in enumerate(around)]
    merge(tmp_path, "ztf", silver("ztf", rows), NIGHTS[:1])
    row = objects(tmp_path, "ztf")["A"]
    assert (
        centre.separation(SkyCoord(row["ra"] * u.deg, row["dec"] * u.deg)).arcsec < 1e-4
    )  # astropy's own offsets lose digits there
    assert 0.0 <= row["ra"] < 360.0


def built(lake: Path, rows: pa.Table, order: list[int]) -> str:
    for number in order:
        merge(lake, "ztf", rows, [NIGHTS[number]])
    return table_digest(gold_objects("ztf").path(lake))


def test_nights_in_any_order_late_alerts_and_reprocessed_nights_give_the_table_of_a_rebuild(tmp_path: Path) -> None:
    rows = random_sky("ztf", 1, 2000, 600)
    whole = built(tmp_path / "in_order", rows, [0, 1, 2, 3])
    assert built(tmp_path / "mixed", rows, [3, 1, 1, 0, 2, 3]) == whole
    # Night 1 lacked every other alert when it was closed, and said other things of them: then they came
    early = rows.filter(
        pa.array((np.arange(rows.num_rows) % 2 == 0) | (rows["night"].to_numpy() != np.datetime64(NIGHTS[1])))
    )
    wrong = early.set_column(early.column_names.index("time"), "time", pa.array(early["time"].to_numpy() + 0.25))
    merge(tmp_path / "late", "ztf", wrong, NIGHTS)
    assert built(tmp_path / "late", rows, [0, 1, 2, 3]) == whole
    at_once = tmp_path / "at_once"
    merge(at_once, "ztf", rows, NIGHTS)
    assert table_digest(gold_objects("ztf").path(at_once)) == whole


def test_an_object_whose_only_night_lost_it_is_gone(tmp_path: Path) -> None:
    kept, lost = alert(1, "A", 10.0, 5.0), alert(2, "B", 200.0, 5.0)
    merge(tmp_path, "ztf", silver("ztf", [kept, lost]), NIGHTS[:1])
    assert set(objects(tmp_path, "ztf")) == {"A", "B"}
    merge(tmp_path, "ztf", silver("ztf", [kept]), NIGHTS[:1])
    assert set(objects(tmp_path, "ztf")) == {"A"}


def test_the_same_night_again_rewrites_nothing(tmp_path: Path) -> None:
    rows, path = random_sky("ztf", 1, 200, 60), gold_objects("ztf").path(tmp_path)
    merge(tmp_path, "ztf", rows, NIGHTS[:2])
    before = DeltaTable(str(path))
    merge(tmp_path, "ztf", rows, NIGHTS[:2])
    after = DeltaTable(str(path))
    assert (after.version(), after.file_uris()) == (before.version(), before.file_uris())
    merge(tmp_path, "ztf", rows, NIGHTS[:2], version=2)  # another version of silver that says the same is noted alone
    noted = DeltaTable(str(path))
    assert (noted.version(), noted.file_uris()) == (before.version() + 1, before.file_uris())


def test_how_the_table_lies(tmp_path: Path) -> None:
    """Reader version 1, in the order of the sky; a Bloom filter tells which row groups cannot hold a name."""
    merge(tmp_path, "ztf", random_sky("ztf", 1, 2000, 600), NIGHTS)
    table = DeltaTable(str(gold_objects("ztf").path(tmp_path)))
    assert table.protocol().min_reader_version == 1
    (file,) = table.file_uris()
    cells = pq_cells(file)
    assert cells == sorted(cells)
    assert blooms(file) == {"object_id"}


def pq_cells(file: str) -> list[int]:
    import pyarrow.parquet as pq

    cells: list[int] = pq.read_table(file, columns=["cell"])["cell"].to_pylist()
    return cells


def blooms(file: str) -> set[str]:
    """Columns with a Bloom filter, asked of another reader of Parquet."""
    import duckdb

    query = "SELECT DISTINCT path_in_schema FROM parquet_metadata(?) WHERE bloom_filter_offset IS NOT NULL"
    found: list[tuple[Any, ...]] = duckdb.execute(query, [file.removeprefix("file://")]).fetchall()
    return {str(name) for (name,) in found}
