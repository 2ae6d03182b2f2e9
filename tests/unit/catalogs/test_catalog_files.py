"""Catalogue files as they are found: every digit, every row, every way to write an angle, the same for both readers."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import MaskedColumn, Table

from fink_lib.catalogs.angles import degrees
from fink_lib.catalogs.known import CatalogSource
from fink_lib.catalogs.reading import read_catalog
from fink_lib.catalogs.sources import CatalogFile
from fink_lib.catalogs.standard import write_standard
from fink_lib.errors import ConfigError

IDS = ("4294967296123456789", "000123")


def nightly(path: Path, source_id: str = "source_id") -> tuple[pa.Table, int]:
    """Return what the nightly table holds of a file, and how many rows it leaves out."""
    out = path.with_name("out.parquet")
    written = write_standard(CatalogFile(name="mine", paths=(path,), source_id=source_id), out)
    return pq.read_table(out), written.without_position


def streamed(path: Path) -> pa.Table:
    """Return what the modules of the stream see of a file."""
    source = CatalogSource(name="mine", package="", file=path.name, ra="ra", dec="dec", label="label", reference="")
    return read_catalog(source, [path])


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "mine.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_the_name_of_a_source_keeps_its_digits(tmp_path: Path) -> None:
    path = written(tmp_path, f"source_id,ra,dec,label\n{IDS[0]},1,2,a\n,3,4,b\n{IDS[1]},5,6,c\n")
    table, dropped = nightly(path)
    assert (table["source_id"].to_pylist(), dropped) == ([IDS[0], None, IDS[1]], 0)


def test_a_name_that_is_missing_in_fits_or_parquet_is_null(tmp_path: Path) -> None:
    ids = MaskedColumn([int(IDS[0]), 7], mask=[False, True])
    Table({"source_id": ids, "ra": [1.0, 2.0], "dec": [3.0, 4.0], "label": ["a", "b"]}).write(tmp_path / "mine.fits")
    table, _ = nightly(tmp_path / "mine.fits")
    assert table["source_id"].to_pylist() == [IDS[0], None]
    columns = {"source_id": [12345678.0, None], "ra": [1.0, 2.0], "dec": [3.0, 4.0], "label": ["a", "b"]}
    pq.write_table(pa.table(columns), tmp_path / "mine.parquet")
    table, _ = nightly(tmp_path / "mine.parquet")
    assert table["source_id"].to_pylist() == ["12345678", None]


@pytest.mark.parametrize(
    ("ra", "dec", "expected"),
    [
        ("12h34m56s", "-00d32m57s", (188.7333333, -0.5491667)),
        ("12:34", "+10:30", (188.5, 10.5)),
        ("12 34 56", "10 30 36", (188.7333333, 10.51)),
        ("188.5", "\N{MINUS SIGN}10.5", (188.5, -10.5)),
        ("12 34 00", "\N{MINUS SIGN}00 30 00", (188.5, -0.5)),
        ("188d30m", "10\N{DEGREE SIGN}30\N{PRIME}36\N{DOUBLE PRIME}", (188.5, 10.51)),
    ],
)
def test_both_readers_read_an_angle_alike(tmp_path: Path, ra: str, dec: str, expected: tuple[float, float]) -> None:
    path = written(tmp_path, f"ra,dec,label\n{ra},{dec},a\n1.5,2.5,b\n")
    for table in (nightly(path, "")[0], streamed(path)):
        assert table["ra"].to_pylist() == pytest.approx([expected[0], 1.5])
        assert table["dec"].to_pylist() == pytest.approx([expected[1], 2.5])


@pytest.mark.parametrize("nothing", ["--", "", "n/a", "nan", "inf", "1 2 3 4"])
def test_one_row_without_a_position_costs_itself_alone(
    tmp_path: Path, nothing: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path, f"ra,dec,label\n1,2,a\n{nothing},4,b\n5,6,c\n")
    table, dropped = nightly(path, "")
    assert (table["label"].to_pylist(), dropped) == (["a", "c"], 1)
    assert f"catalogue 'mine': 1 rows left out; the first of each kind: no position: ra={nothing!r}" in caplog.text
    assert np.isnan(streamed(path)["ra"].to_numpy()).tolist() == [False, True, False]


def test_rows_that_lack_cells_are_counted_and_named_by_both(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = written(tmp_path, "ra,dec,label\n1,2,a\n\n3,4\nbroken\n5,6,c\n")
    table, dropped = nightly(path, "")
    assert (table["label"].to_pylist(), dropped) == (["a", "c"], 2)
    assert "2 rows left out; the first of each kind: fewer cells than the header: line 4 of mine.csv" in caplog.text
    caplog.clear()
    assert streamed(path)["label"].to_pylist() == ["a", "c"]
    assert "2 rows left out, the first at line 4: fewer cells than the header" in caplog.text


def test_latin_1_is_read_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = written(tmp_path, "ra,dec,label\n1,2,Barnard\N{LATIN SMALL LETTER E WITH ACUTE}\n", "latin-1")
    for table in (nightly(path, "")[0], streamed(path)):
        assert table["label"].to_pylist() == ["Barnard\N{LATIN SMALL LETTER E WITH ACUTE}"]
    assert "mine.csv is read as Latin-1" in caplog.text


@pytest.mark.parametrize("suffix", [".parquet", ".fits"])
def test_a_damaged_file_is_named_with_its_catalogue(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"mine{suffix}"
    path.write_bytes(b"nothing of the kind")
    for read in (nightly, streamed):
        with pytest.raises(ConfigError, match=f"^catalogue 'mine': .*mine{suffix} cannot be read"):
            read(path)


def test_numbers_are_degrees_whatever_their_type() -> None:
    for kind in (pa.float32(), pa.float64(), pa.int32(), pa.string(), pa.large_string()):
        column = pa.chunked_array([pa.array([1, None, 3]).cast(kind)])
        np.testing.assert_array_equal(degrees(column, 15.0), [1.0, np.nan, 3.0])
