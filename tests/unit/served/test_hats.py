"""HATS catalogues: every row once, in the file of its pixel, no file with too many, and readers never see half."""

from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy import units as u
from astropy_healpix import HEALPix

from fink_lib.catalogs.cells import cells_of
from fink_lib.lake.tables import HPX_ORDER
from fink_lib.served.hats.pixels import FINEST_ORDER, Pixel, divided
from fink_lib.served.hats.writing import CELL, Catalogue, write

COUNT = 4000


def rows(shift_deg: float = 0.0) -> str:
    """Return places all over the sky, and many in one spot, as SQL."""
    rng = np.random.default_rng(5)
    ra = np.concatenate([rng.uniform(0, 360, COUNT), rng.normal(150, 0.2, COUNT)]) + shift_deg
    dec = np.concatenate([np.degrees(np.arcsin(rng.uniform(-1, 1, COUNT))), rng.normal(2, 0.2, COUNT)])
    cells = cells_of(ra % 360, dec, HPX_ORDER)
    listed = ", ".join(
        f"({c}, {n}, {a!r}, {d!r})"
        for n, (c, a, d) in enumerate(zip(cells, map(float, ra % 360), map(float, dec), strict=True))
    )
    return f"SELECT * FROM (VALUES {listed}) AS t({CELL}, n, ra, dec)"  # noqa: S608


@pytest.fixture
def written(tmp_path: Path) -> Path:
    with duckdb.connect() as connection:
        return write(connection, Catalogue("made", "source", rows(), 3), tmp_path, most=500)


def test_each_row_is_once_in_the_file_of_its_pixel(written: Path) -> None:
    listed = [tuple(map(int, line.split(","))) for line in (written / "partition_info.csv").read_text().split()[1:]]
    seen: list[int] = []
    for order, number in listed:
        table = pq.read_table(written / "dataset" / Pixel(order, number).path)
        assert table.num_rows <= 500
        at = HEALPix(2**order, order="nested").lonlat_to_healpix(
            table["ra"].to_numpy() * u.deg, table["dec"].to_numpy() * u.deg
        )
        assert set(at.tolist()) == {number}
        assert (np.diff(table[CELL].to_numpy()) >= 0).all()
        seen += table["n"].to_pylist()
    assert sorted(seen) == list(range(2 * COUNT))
    assert len({order for order, _ in listed}) > 2, "crowded places have finer pixels"
    assert pq.read_metadata(written / "dataset" / "_metadata").num_rows == 2 * COUNT
    assert "hats_nrows=8000\n" in (written / "hats.properties").read_text()


def test_a_new_version_takes_the_place_at_once(written: Path) -> None:
    root, before = written.parent, written.resolve()
    with duckdb.connect() as connection:
        for version in (4, 5):
            write(connection, Catalogue("made", "source", rows(1.0), version), root, most=500)
            assert written.resolve().name == f"made.v{version}"
        assert write(connection, Catalogue("made", "source", "SELECT nothing", 5), root) == written, (
            "it is there already"
        )
    assert not before.exists()
    assert {one.name for one in root.iterdir()} == {"made", "made.v4", "made.v5"}


def test_pixels_are_no_finer_than_needed() -> None:
    cells = np.array([0, 1, 4**FINEST_ORDER * 11 + 5])
    assert list(divided(cells, np.array([10, 10, 1]), 100)) == [Pixel(0, 0), Pixel(0, 11)]
    assert list(divided(cells, np.array([200, 10, 1]), 100)) == [Pixel(10, 0), Pixel(10, 1), Pixel(0, 11)]
