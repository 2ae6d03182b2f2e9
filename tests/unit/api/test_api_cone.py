"""Circles on the sky against astropy's separations: across RA 0, at both poles, of any size; and lists of places."""

import datetime as dt
import io
import json
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io.votable import from_table
from astropy.table import Table
from starlette.testclient import TestClient

from fink_lib.api.http.app import make_app
from fink_lib.api.lake import Lake
from fink_lib.api.sky import cone_ranges
from fink_lib.catalogs.cells import cells_of
from fink_lib.config import Settings
from fink_lib.lake.tables import HPX_ORDER
from fink_lib.testing.nights import silver_row
from tests.builders.served_home import NIGHT, ZTF, append, serve

COUNT = 1500
ARCSEC = 1.0 / 3600.0
CENTRES = [(0.0, 0.0), (359.9999, 1.0), (0.0001, -45.0), (123.4, 90.0), (10.0, -90.0), (200.0, 89.9999), (266.4, -29.0)]
RADII = [5.0 * ARCSEC, 0.5, 3.5, 40.0, 180.0]


def sky() -> SkyCoord:
    """Places all over the sphere, and some close to each centre."""
    rng = np.random.default_rng(7)
    ra, dec = rng.uniform(0, 360, COUNT), np.degrees(np.arcsin(rng.uniform(-1, 1, COUNT)))
    at = SkyCoord([one[0] for one in CENTRES] * 20, [one[1] for one in CENTRES] * 20, unit="deg")
    size = 20 * len(CENTRES)
    near = at.directional_offset_by(rng.uniform(0, 360, size) * u.deg, rng.exponential(4.0 * ARCSEC, size) * u.deg)
    return SkyCoord(np.concatenate([ra, near.ra.deg]), np.concatenate([dec, near.dec.deg]), unit="deg")


PLACES = sky()


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = Settings(home=tmp_path_factory.mktemp("cone") / "home")
    rows = [
        silver_row(number, ra=float(at.ra.deg), dec=float(at.dec.deg), object_id=f"ZTF{number}")
        for number, at in enumerate(PLACES)
    ]
    append(settings, rows[::2])
    serve(settings, NIGHT)
    append(settings, [row | {"night": NIGHT + dt.timedelta(days=1)} for row in rows[1::2]])
    with TestClient(make_app(Lake(settings, [ZTF]))) as client:
        yield client


@pytest.mark.parametrize("radius", RADII)
@pytest.mark.parametrize("centre", CENTRES)
def test_a_cone_holds_what_astropy_says(http: TestClient, centre: tuple[float, float], radius: float) -> None:
    asked = {"ra": centre[0], "dec": centre[1], "radius": radius / ARCSEC, "columns": "i:objectId"}
    rows = http.get("/api/v1/conesearch", params=asked).json()
    apart = SkyCoord(*centre, unit="deg").separation(PLACES).deg
    inside = {f"ZTF{number}" for number in np.flatnonzero(apart <= radius)}
    assert {row["i:objectId"] for row in rows} == inside
    assert inside
    told = np.array([row["v:separation_degree"] for row in rows])
    expected = np.array([apart[int(row["i:objectId"][3:])] for row in rows])
    np.testing.assert_allclose(told, expected, atol=1e-9)
    assert (np.diff(told) >= 0).all(), "the nearest comes first"


@pytest.mark.parametrize("radius", [0.3 * ARCSEC, *RADII])
def test_ranges_hold_every_point_of_a_circle(radius: float) -> None:
    rng = np.random.default_rng(3)
    for ra, dec in CENTRES:
        bearing, far = rng.uniform(0, 360, 300) * u.deg, radius * np.sqrt(rng.uniform(0, 1, 300)) * u.deg
        points = SkyCoord(ra, dec, unit="deg").directional_offset_by(bearing, far)
        cells = cells_of(points.ra.deg, points.dec.deg, HPX_ORDER)
        ranges = cone_ranges(ra, dec, radius)
        assert all(any(low <= cell <= high for low, high in ranges) for cell in cells)
        assert len(ranges) <= 24


@pytest.mark.parametrize("form", ["csv", "parquet", "votable", "json", "multipart"])
def test_a_list_is_matched(http: TestClient, form: str) -> None:
    mine = PLACES[1500:1540]
    names = [f"s{number}" for number in range(len(mine))]
    table = pa.table({"name": names, "ra": mine.ra.deg, "dec": mine.dec.deg})
    asked = {"radius": 2.0, "columns": "i:objectId"}
    if form == "multipart":
        files = {
            "file": (
                "list.csv",
                "\n".join(
                    [
                        "name,ra,dec",
                        *(
                            f"{n},{r!r},{d!r}"
                            for n, r, d in zip(names, map(float, mine.ra.deg), map(float, mine.dec.deg), strict=True)
                        ),
                    ]
                ),
            )
        }
        answer = http.post("/api/v1/crossmatch", params=asked, files=files)
    else:
        answer = http.post("/api/v1/crossmatch", params=asked, content=written(table, form))
    assert answer.status_code == 200, answer.text
    found = {(row["list:name"], row["i:objectId"]) for row in answer.json()}
    own, other, _, _ = PLACES.search_around_sky(mine, 2.0 * u.arcsec)
    assert found == {(f"s{a}", f"ZTF{b}") for a, b in zip(own, other, strict=True)}


def written(table: pa.Table, form: str) -> bytes:
    """Return a list in a format."""
    sink = io.BytesIO()
    if form == "parquet":
        pq.write_table(table, sink)
    elif form == "votable":
        from_table(Table(table.to_pydict())).to_xml(sink)
    elif form == "json":
        sink.write(json.dumps(table.to_pylist()).encode())
    else:
        sink.write(
            (
                "# made up\nname,ra,dec\n"
                + "\n".join(f"{r['name']},{r['ra']!r},{r['dec']!r}" for r in table.to_pylist())
            ).encode()
        )
    return sink.getvalue()


NO_NUMBERS = [json.dumps([{"ra": ra, "dec": 1.0}]).encode() for ra in (["x"], {"deg": 1}, "1h", True, 2**63 - 1)]


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"a,b\n1,2\n", b"ra,dec\nx,y\n", b"[1]", b"<xml/>", *NO_NUMBERS])
def test_a_list_that_cannot_be_read_is_one_sentence(http: TestClient, content: bytes) -> None:
    answer = http.post("/api/v1/crossmatch", content=content)
    assert answer.status_code == 400
    assert answer.json()["error"]["fix"]
