"""The match over Arrow is the match of astropy, source by source, wherever on the sky and in however many parts."""

import itertools
import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fink_lib.catalogs import match, parts, writing
from fink_lib.catalogs.cells import TABLE_ORDER, cells_of
from fink_lib.catalogs.index import separation_arcsec
from fink_lib.catalogs.join import Positions, crossmatch, joined
from fink_lib.catalogs.placed import place
from fink_lib.sky import unit_vectors
from tests.unit.catalogs.sky_tables import catalog_table, made_sky, near, put_in_lake

ARCSEC = 1.0 / 3600.0


def at(ra: np.ndarray, dec: np.ndarray) -> Positions:
    return Positions(pa.table({"id": pa.array(np.arange(len(ra))), "ra": pa.array(ra), "dec": pa.array(dec)}))


def matched(catalog: tuple[Path, int], ra: np.ndarray, dec: np.ndarray, radius: float) -> pa.Table:
    return crossmatch(at(ra, dec), ["id"], *catalog, radius)


@pytest.mark.parametrize(("radius_arcsec", "files"), [(1.5, 1), (1.5, 12), (900.0, 12)])
def test_agrees_with_astropy_at_the_poles_and_across_ra_0(tmp_path: Path, radius_arcsec: float, files: int) -> None:
    from astropy import units as u
    from astropy.coordinates import SkyCoord

    ra, dec = made_sky(24_000, seed=1)
    close = near(ra[::4], dec[::4], min(radius_arcsec, 30.0) * 1.5, seed=2)
    far = made_sky(3000, seed=3)
    here = np.concatenate([close[0], far[0]]), np.concatenate([close[1], far[1]])
    found = matched(put_in_lake(catalog_table(ra, dec), tmp_path, files), *here, radius_arcsec)
    row, angle, _ = SkyCoord(*here, unit=u.deg).match_to_catalog_sky(SkyCoord(ra, dec, unit=u.deg))
    expected = np.flatnonzero(angle.arcsec <= radius_arcsec)
    assert 1000 < len(expected) < len(here[0])
    np.testing.assert_array_equal(found["id"].to_numpy(), expected)
    assert found["source_id"].to_pylist() == [f"S{one}" for one in row[expected]]
    np.testing.assert_allclose(found["separation_arcsec"].to_numpy(), angle.arcsec[expected], atol=1e-6)


def test_a_small_footprint_reads_few_files_and_little_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "ROWS_PER_GROUP", 100)
    ra, dec = made_sky(24_000, seed=4)
    table, version = put_in_lake(catalog_table(ra, dec), tmp_path, 12)
    placed = at(ra[20_000:20_001], dec[20_000:20_001]).placed(1.5)
    touched = list(parts.parts(table, version, placed))
    assert (len(list(table.glob("*.parquet"))), len(touched)) == (12, 1)
    read: list[int] = []
    monkeypatch.setattr(parts, "nearest_sources", lambda p, s: read.append(s.num_rows) or match.nearest_sources(p, s))
    found = matched((table, version), ra[20_000:20_001], dec[20_000:20_001], 1.5)
    assert found["source_id"].to_pylist() == ["S20000"]
    assert read == [100]


def test_no_positions_and_none_on_the_sky(tmp_path: Path) -> None:
    catalog = put_in_lake(catalog_table(*made_sky(240, seed=5)), tmp_path)
    assert matched(catalog, np.empty(0), np.empty(0), 1.5).num_rows == 0
    assert matched(catalog, np.array([np.nan, 5.0]), np.array([0.0, 91.0]), 1.5).num_rows == 0
    assert matched(put_in_lake(catalog_table(*made_sky(0, seed=5)), tmp_path), *made_sky(24, seed=6), 1.5).num_rows == 0


@pytest.mark.parametrize("most_pairs", [1, 500, 2_000_000])
def test_several_parts_and_pieces_give_what_one_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most_pairs: int
) -> None:
    ra, dec = made_sky(6_000, seed=7)
    here = near(ra[::2], dec[::2], 60.0, seed=8)
    one = matched(put_in_lake(catalog_table(ra, dec), tmp_path / "one"), *here, 60.0)
    monkeypatch.setattr(match, "MOST_PAIRS", most_pairs)
    catalog = put_in_lake(catalog_table(ra, dec), tmp_path / "several", 37)
    touched = list(parts.parts(*catalog, at(*here).placed(60.0)))
    assert len(touched) == 37
    assert all(len(part.placed.row) < len(one) for part in touched)
    assert matched(catalog, *here, 60.0).equals(one)
    sent = [parts.match_part(pickle.loads(pickle.dumps(part))) for part in reversed(touched)]  # noqa: S301 - our own
    assert joined(at(*here), ["id"], sent).equals(one)  # whatever process matched which part, in whatever order


def brute_force(sources: pa.Table, ra: np.ndarray, dec: np.ndarray, radius: float) -> list[tuple[object, ...]]:
    """Compare every position with every source, in the order that decides between equals."""
    rows = sources.rename_columns(["cell", "source_id", "source_ra", "source_dec", "label"])
    rows = rows.sort_by([(name, "ascending") for name in match.TIES])
    there = unit_vectors(rows["source_ra"].to_numpy(), rows["source_dec"].to_numpy())
    found = []
    for number, here in enumerate(unit_vectors(ra, dec)):
        separation = separation_arcsec(here[None, :], there)
        best = int(np.argmin(separation))
        if separation[best] <= radius:
            told = [rows[name][best].as_py() for name in ("source_id", "source_ra", "source_dec", "label")]
            found.append((number, *told, separation[best]))
    return found


@pytest.mark.parametrize("files", [1, 9])
def test_of_sources_at_the_same_separation_the_first_by_name_is_taken(tmp_path: Path, files: int) -> None:
    ra, dec = made_sky(120, seed=9)
    rows = pa.concat_tables([catalog_table(ra, dec), catalog_table(ra, dec), catalog_table(ra[::2], dec[::2])])
    draw = np.random.default_rng(10)
    names, labels = (
        pa.array([None if one == 0 else f"{kind}{one}" for one in draw.integers(0, 4, rows.num_rows)], pa.string())
        for kind in "NL"
    )
    cells = rows["cell"]
    rows = pa.table({"cell": cells, "source_id": names, "ra": rows["ra"], "dec": rows["dec"], "label": labels})
    rows = rows.take(pa.array(draw.permutation(rows.num_rows))).sort_by("cell")
    here = near(ra, dec, 1.0, seed=11)
    found = matched(put_in_lake(rows, tmp_path, files), *here, 1.5)
    assert [tuple(row.values()) for row in found.to_pylist()] == brute_force(rows, *here, 1.5)
    assert found.num_rows == 120


def test_the_radius_is_inclusive_and_the_nearer_side_of_ra_0_and_of_a_pole_wins(tmp_path: Path) -> None:
    ra, dec = np.array([359.9999, 0.0002, 100.0, 280.0]), np.array([10.0, 10.0, 90.0 - 2 * ARCSEC, 90.0 - ARCSEC])
    catalog = put_in_lake(catalog_table(ra, dec), tmp_path, 4)
    here = np.array([0.0, 360.0, 0.0]), np.array([10.0, 10.0, 90.0])
    found = matched(catalog, *here, 1.5)
    assert found["source_id"].to_pylist() == ["S0", "S0", "S3"]
    exact = found["separation_arcsec"][2].as_py()
    assert matched(catalog, here[0][2:], here[1][2:], exact).num_rows == 1
    assert matched(catalog, here[0][2:], here[1][2:], np.nextafter(exact, 0.0)).num_rows == 0


def test_a_position_on_the_border_of_two_parts_has_the_nearest_of_both(tmp_path: Path) -> None:
    """Two sources of two files on both sides of the border of their cells, positions between them."""
    step = np.arange(-200, 200) * 0.05 * ARCSEC
    corner = np.degrees(np.arcsin(2.0 / 3.0))  # where three of the coarsest cells meet
    ra, dec = np.array([90.0 - 0.6 * ARCSEC, 90.0 + 0.6 * ARCSEC]), np.array([corner + 0.2, corner + 0.2])
    assert len(set(cells_of(ra, dec, 0).tolist())) == 2
    rows = catalog_table(ra, dec)
    catalog = put_in_lake(rows, tmp_path, 2)
    here = 90.0 + step, np.full(len(step), corner + 0.2)
    placed = place(*here, 1.5)
    touched = list(parts.parts(*catalog, placed))
    assert len(touched) == 2
    both = set(touched[0].placed.row.tolist()) & set(touched[1].placed.row.tolist())
    assert len(both) > 10
    found = matched(catalog, *here, 1.5)
    assert [tuple(row.values()) for row in found.to_pylist()] == brute_force(rows, *here, 1.5)
    # The same distance to both, in the middle: the one of the lesser right ascension, whichever file is read first
    assert found.filter(pa.array(found["id"].to_numpy() == 200))["source_id"].to_pylist() == ["S0"]


def test_a_table_that_tells_no_limits_and_is_in_no_order_is_matched_too(tmp_path: Path) -> None:
    """As compaction may leave it, or a writer that keeps no statistics."""
    ra, dec = made_sky(1_200, seed=12)
    table = catalog_table(ra, dec)
    here = near(ra, dec, 2.0, seed=13)
    expected = matched(put_in_lake(table, tmp_path / "kept"), *here, 1.5)
    folder, version = put_in_lake(table, tmp_path / "bare", 3)
    for path in folder.glob("*.parquet"):
        rows = pq.read_table(path)
        shuffled = rows.take(pa.array(np.random.default_rng(14).permutation(rows.num_rows)))
        pq.write_table(shuffled, path, write_statistics=False)
    for log in (folder / "_delta_log").glob("*.json"):
        log.write_text(log.read_text().replace("minValues", "nothing").replace("maxValues", "nobody"))
    assert len(list(parts.parts(folder, version, at(*here).placed(1.5)))) == 3
    assert matched((folder, version), *here, 1.5).equals(expected)


def test_cells_of_a_part_are_those_of_its_file(tmp_path: Path) -> None:
    ra, dec = made_sky(2_400, seed=15)
    catalog = put_in_lake(catalog_table(ra, dec), tmp_path, 8)
    ends = []
    for part in parts.parts(*catalog, place(ra, dec, 1.5)):
        cells = pq.read_table(part.path)["cell"].to_numpy()
        ends.append((cells.min(), cells.max()))
        assert set(cells.tolist()) <= set(part.placed.cell.tolist())
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(sorted(ends)))
    assert set(cells_of(ra, dec, TABLE_ORDER).tolist()) <= set(place(ra, dec, 1.5).cell.tolist())
