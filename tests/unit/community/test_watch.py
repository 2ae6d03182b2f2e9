"""Watch lists and maps beside astropy and astropy-healpix."""

import io
import json
import tracemalloc

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from astropy_healpix import HEALPix

from fink_lib.community.watch import Places, Region, near, places_csv, read_places, read_region, within
from fink_lib.community.watch_index import WatchIndex
from fink_lib.errors import ConfigError

RANDOM = np.random.default_rng(7)
CSV = b"# mine\nlabel,ra,dec,radius_arcsec\nhost,10.0,-5.0,2\npole,0,90,3600\nedge,359.9999,0,5\n"


def test_a_list_is_read_from_csv_and_votable() -> None:
    places = read_places(CSV)
    assert places.labels == ("host", "pole", "edge")
    assert places.radius_arcsec.tolist() == [2.0, 3600.0, 5.0]
    table = Table({"Name": ["a", "b"], "RAJ2000": [10.0, 20.0], "DEJ2000": [1.0, 2.0]})
    written = io.BytesIO()
    table.write(written, format="votable")
    read = read_places(written.getvalue())
    assert (read.labels, read.ra_deg.tolist(), read.radius_arcsec.tolist()) == (("a", "b"), [10.0, 20.0], [5.0, 5.0])
    again = read_places(places_csv([("x", 1.5, -2.25, 3.0)]))
    assert (again.labels, again.dec_deg.tolist()) == (("x",), [-2.25])


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"a,b\n1,2\n", "has columns ra and dec"),
        (b"ra,dec\n", "cannot be read"),
        (b"ra,dec\n10,-5\n361,0\n", "ra is in .* row 2 is not"),
        (b"ra,dec\n10,91\n", "dec is in"),
        (b"ra,dec\nnan,1\n", "ra is in"),
        (b"ra,dec,radius\n1,1,7200\n", "radii are"),
        (b"ra,dec\nten,1\n", "no number"),
        (b"ra,dec,label\n1,1,a\x1bb\n", "label of the list"),
        (b"\xff\xfe", "cannot be read"),
        (b"<xml>", "cannot be read"),
    ],
)
def test_what_is_no_list(raw: bytes, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        read_places(raw)


@pytest.mark.parametrize("text", ['{"3": [[1, 2]]}', '{"3": 5}', '{"3": "12"}', '{"3": {"a": 1}}', "/5", "3/x"])
def test_what_is_no_map_is_told_so(text: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read as a MOC"):
        read_region(text.encode())


def test_ranges_that_are_short_to_write_are_not_written_out() -> None:
    """Anybody may send a map to the portal: six hundred ranges of a million cells each are 5 GB of integers."""
    tracemalloc.start()
    try:
        with pytest.raises(ConfigError, match="more than 1000000 cells"):
            read_region(("29/" + " ".join(["0-399999"] * 6)).encode())
        assert tracemalloc.get_traced_memory()[1] < 60e6
    finally:
        tracemalloc.stop()


def test_matches_are_those_of_astropy() -> None:
    ra, dec = RANDOM.uniform(0, 360, 3000), np.degrees(np.arcsin(RANDOM.uniform(-1, 1, 3000)))
    lines = [f"{r},{d},{rad}" for r, d, rad in zip(ra[:200], dec[:200], RANDOM.uniform(1, 3600, 200), strict=True)]
    places = read_places(("ra,dec,radius\n" + "\n".join(lines)).encode())
    found = near(places, ra, dec)
    sky = SkyCoord(ra * u.deg, dec * u.deg)
    for place in range(200):
        centre = SkyCoord(places.ra_deg[place] * u.deg, places.dec_deg[place] * u.deg)
        apart = sky.separation(centre).arcsec
        wanted = set(np.flatnonzero(apart <= places.radius_arcsec[place]))
        assert {row for row, at, _ in found if at == place} == wanted
    row, place, arcsec = found[-1]
    centre = SkyCoord(places.ra_deg[place], places.dec_deg[place], unit="deg")
    assert arcsec == pytest.approx(sky[row].separation(centre).arcsec, abs=1e-6)


def test_across_the_pole_and_the_origin_of_right_ascension() -> None:
    found = near(read_places(CSV), np.array([180.0, 0.0001, np.nan]), np.array([89.5, 0.0, 1.0]))
    assert [(row, place) for row, place, _ in found] == [(0, 1), (1, 2)]


def test_a_map_in_each_of_its_forms() -> None:
    cells = {3: [5, 6, 7, 100], 5: [12 * 4**5 - 1, 0]}
    text = "3/5-7,100 5/12287 0"
    unique = [cell + 4 * 4**order for order, some in cells.items() for cell in some]
    column = fits.Column("UNIQ", "K", array=np.array(unique))
    hdu = fits.BinTableHDU.from_columns([column])
    hdu.header["ORDERING"] = "NUNIQ"
    written = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(written)
    raws = [json.dumps(cells).encode(), text.encode(), written.getvalue()]
    regions = [read_region(raw) for raw in raws]
    for one in regions:
        assert one.begins.tolist() == regions[0].begins.tolist()
        assert one.ends.tolist() == regions[0].ends.tolist()
        assert one.order == 5
    area = (4 / (12 * 4**3) + 2 / (12 * 4**5)) * 41252.961
    assert regions[0].area_deg2 == pytest.approx(area)
    assert len(regions[0].begins) == 4  # 5 to 7 are one range


def test_positions_in_a_map_are_those_of_astropy_healpix() -> None:
    ra, dec = RANDOM.uniform(0, 360, 5000), np.degrees(np.arcsin(RANDOM.uniform(-1, 1, 5000)))
    chosen = RANDOM.choice(768, 100, replace=False)
    cells = HEALPix(8, order="nested").lonlat_to_healpix(ra * u.deg, dec * u.deg)
    region = read_region(json.dumps({"3": chosen.tolist()}).encode())
    assert within(region, ra, dec).tolist() == np.isin(cells, chosen).tolist()
    assert not within(region, np.array([np.nan]), np.array([0.0])).any()


@pytest.mark.parametrize("raw", [b"{}", b"3/", b"hello", b'{"3": [768]}', b'{"30": [1]}', b'{"3": [-1]}', b"SIMPLE"])
def test_what_is_no_map(raw: bytes) -> None:
    with pytest.raises(ConfigError):
        read_region(raw)


def test_a_map_is_a_region() -> None:
    assert isinstance(read_region(b"0/0-11"), Region)
    assert read_region(b"0/0-11").area_deg2 == pytest.approx(41252.961)


def test_all_that_is_watched_at_once_is_what_each_list_says() -> None:
    """Lists of all radii around the poles and over the meridian, and a map, beside each of them alone."""
    ra, dec = RANDOM.uniform(0.0, 360.0, 600), np.degrees(np.arcsin(RANDOM.uniform(-1.0, 1.0, 600)))
    ra[:6], dec[:6] = [0.0, 359.9999, 0.0, 120.0, np.nan, 5.0], [0.0, 0.0, 90.0, -90.0, 0.0, np.nan]
    lists: list[Places | Region] = []
    for radius_arcsec in (0.1, 5.0, 30.0, 3600.0):
        chosen = RANDOM.integers(0, 600, 80)
        offset_deg = RANDOM.uniform(-1.5, 1.5, 80) * radius_arcsec / 3600.0
        places = np.nan_to_num(ra[chosen]), np.clip(np.nan_to_num(dec[chosen]) + offset_deg, -90.0, 90.0)
        lists.append(Places(tuple(map(str, range(80))), *places, np.full(80, radius_arcsec)))
    lists.append(read_region(b'{"1": [3, 7], "5": [9000]}'))
    expected = set()
    for number, one in enumerate(lists):
        if isinstance(one, Region):
            expected |= {(number, int(at), "") for at in np.flatnonzero(within(one, ra, dec))}
        else:
            expected |= {(number, at, one.labels[place]) for at, place, _ in near(one, ra, dec)}
    found = [(one["watch"], one["at"], one["entry"]) for one in WatchIndex(lists).matches(ra, dec)]
    assert {number for number, _, _ in expected} == set(range(len(lists)))
    assert sorted(found) == sorted(expected)
    assert list(WatchIndex([]).matches(ra, dec)) == []
