"""Catalogue files: found, described, and read into the same columns whatever their format."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fink_lib.catalogs.cells import TABLE_ORDER, cells_of
from fink_lib.catalogs.sources import CatalogFile, known_files
from fink_lib.catalogs.standard import digest, write_standard
from fink_lib.errors import ConfigError


def standard(file: CatalogFile, folder: Path) -> tuple[pa.Table, int]:
    written = write_standard(file, folder / "out.parquet")
    table = pq.read_table(folder / "out.parquet")
    assert table.num_rows == written.rows
    return table, written.without_position


@pytest.mark.parametrize(("name", "rows"), [("gcvs", 59_099), ("mangrove", 295_341), ("3hsp", 2_013), ("4lac", 3_814)])
def test_packaged_catalogues_are_read_whole(name: str, rows: int, tmp_path: Path) -> None:
    file = known_files(None)[name]
    assert file.version == "fink-science 7.4.0"
    assert file.reference
    table, dropped = standard(file, tmp_path)
    assert table.num_rows + dropped == rows
    assert dropped == 0
    ra, dec = table["ra"].to_numpy(), table["dec"].to_numpy()
    assert ra.min() >= 0
    assert ra.max() < 360
    assert np.abs(dec).max() <= 90
    np.testing.assert_array_equal(table["cell"].to_numpy(), cells_of(ra, dec, TABLE_ORDER))


def test_hours_and_minutes_of_3hsp_are_degrees(tmp_path: Path) -> None:
    """Its names hold the position: 3HSPJ000116.4+293534 lies at 00 01 16.4, +29 35 34."""
    table, _ = standard(known_files(None)["3hsp"], tmp_path)
    first = table.slice(0, 2).to_pylist()
    assert first[0]["source_id"] == "3HSPJ000116.4+293534"
    assert first[0]["ra"] == pytest.approx(15 * (1 / 60 + 16.37 / 3600))
    assert first[0]["dec"] == pytest.approx(29 + 35 / 60 + 34 / 3600)
    assert first[1]["dec"] == pytest.approx(-(31 + 50 / 60 + 43 / 3600))


def test_a_file_of_the_folder_takes_the_place_of_a_packaged_one(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"ra": [10.0, np.nan], "dec": [5.0, 5.0], "VarType": ["EW  ", "M"]}), tmp_path / "gcvs.parquet"
    )
    file = known_files(tmp_path)["gcvs"]
    assert (file.label, file.version) == ("VarType", "")
    table, dropped = standard(file, tmp_path)
    assert (table["label"].to_pylist(), table["source_id"].to_pylist(), dropped) == (["EW"], [None], 1)


def test_a_description_beside_the_file_names_its_columns(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("name,alpha,delta,kind\na,00 00 04,-00 30 00,None\nb,12:00:00,+10:00:00,QSO\n")
    facts = {"ra": "alpha", "dec": "delta", "label": "kind", "source_id": "name", "radius_arcsec": 3, "version": "2"}
    (tmp_path / "mine.json").write_text(json.dumps(facts))
    file = known_files(tmp_path)["mine"]
    assert (file.radius_arcsec, file.version) == (3, "2")
    table, _ = standard(file, tmp_path)
    assert table["ra"].to_pylist() == pytest.approx([4 / 240, 180.0])
    assert table["dec"].to_pylist() == pytest.approx([-0.5, 10.0])
    assert table["label"].to_pylist() == [None, "QSO"]


@pytest.mark.parametrize(
    ("name", "text", "description", "problem"),
    [
        ("mine.csv", "a,b\n1,2\n", None, "has no column ra, dec, label"),
        ("mine.csv", "ra,dec,label\nx,y,z\n", None, "no row with a position; .* no position: ra='x', dec='y'"),
        ("mine.csv", "ra,dec,label\n,,z\n", None, "no row with a position"),
        ("mine.csv", "ra,dec,label\n1,2,z\n", "{", "is not JSON"),
        ("mine.csv", "ra,dec,label\n1,2,z\n", '{"radius": 1}', "it may hold ra, dec, label"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(
    tmp_path: Path, name: str, text: str, description: str | None, problem: str
) -> None:
    (tmp_path / name).write_text(text)
    if description is not None:
        (tmp_path / name).with_suffix(".json").write_text(description)
    with pytest.raises(ConfigError, match=problem):
        write_standard(known_files(tmp_path)["mine"], tmp_path / "out.parquet")


def test_files_of_other_names_are_left_to_those_who_put_them_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("My File.csv", "table-4LAC-DR3-h.csv", "mine.csv"):
        (tmp_path / name).write_text("ra,dec,label\n1,2,z\n")
    with caplog.at_level("INFO"):
        assert set(known_files(tmp_path)) - set(known_files(None)) == {"mine"}
    assert "My File.csv" in caplog.text


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="FINK_CATALOGS"):
        known_files(tmp_path / "nowhere")


def test_the_digest_tells_content_and_reading_apart(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("ra,dec,label,other\n1,2,a,b\n")
    first = known_files(tmp_path)["mine"]
    assert digest(first) == digest(first)
    (tmp_path / "mine.json").write_text('{"label": "other"}')
    second = digest(known_files(tmp_path)["mine"])
    (tmp_path / "mine.csv").write_text("ra,dec,label,other\n1,2,a,c\n")
    assert len({digest(first), second, digest(known_files(tmp_path)["mine"])}) == 3


@pytest.mark.parametrize("name", ["mine.parquet", "mine.fits"])
def test_a_damaged_file_is_named_with_the_way_out(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"ra,dec,label\n\xff\xfe\x00 cut short")
    with pytest.raises(ConfigError, match=rf"{name} cannot be read, is it damaged.*replace the file"):
        write_standard(known_files(tmp_path)["mine"], tmp_path / "out.parquet")


def test_a_table_of_text_that_is_cut_short_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_bytes(b"ra,dec,label\n\xff\xfe\x00 cut short")
    with pytest.raises(ConfigError, match=r"no row with a position.*line 2 of mine.csv"):
        write_standard(known_files(tmp_path)["mine"], tmp_path / "out.parquet")
