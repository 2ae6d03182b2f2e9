"""Geometry of ADQL against astropy: circles by its separations, polygons by its rotated frames and by hand."""

# ruff: noqa: S608 - queries are what is tested

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord, SkyOffsetFrame

from fink_lib.api.http.errors import Refused
from fink_lib.catalogs.cells import cells_of
from fink_lib.lake.tables import HPX_ORDER
from fink_lib.vo.adql.compile import compiled
from fink_lib.vo.fields import Field
from fink_lib.vo.tables import VoTable

KINDS = {"n": pa.int64(), "ra": pa.float64(), "dec": pa.float64(), "hpx": pa.int64()}
TABLES = {"sky.places": VoTable("sky", "places", "", tuple(Field(*one) for one in KINDS.items()))}
CENTRES = [(0.0, 0.0), (359.9999, 1.0), (0.0001, -45.0), (123.4, 90.0), (10.0, -90.0), (200.0, 89.9), (266.4, -29.0)]
COUNT = 3000


def sky() -> SkyCoord:
    """Places all over the sphere, and some close to each centre."""
    rng = np.random.default_rng(11)
    ra, dec = rng.uniform(0, 360, COUNT), np.degrees(np.arcsin(rng.uniform(-1, 1, COUNT)))
    at = SkyCoord([one[0] for one in CENTRES] * 100, [one[1] for one in CENTRES] * 100, unit="deg")
    near = at.directional_offset_by(rng.uniform(0, 360, len(at)) * u.deg, rng.exponential(1.0, len(at)) * u.deg)
    return SkyCoord(np.concatenate([ra, near.ra.deg]), np.concatenate([dec, near.dec.deg]), unit="deg")


PLACES = sky()
ROWS = pa.table(
    {"n": np.arange(len(PLACES)), "ra": PLACES.ra.deg, "dec": PLACES.dec.deg,
     "hpx": cells_of(PLACES.ra.deg, PLACES.dec.deg, HPX_ORDER)}
)  # fmt: skip


SKY = duckdb.connect()
SKY.register("rows", ROWS)
SKY.execute("CREATE SCHEMA sky; CREATE TABLE sky.places AS SELECT * FROM rows")


def asked(query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query over the places."""
    return SKY.execute(compiled(query, TABLES).sql).fetchall()


def chosen(condition: str) -> set[int]:
    return {one[0] for one in asked(f"SELECT n FROM sky.places WHERE {condition}")}


@pytest.mark.parametrize("radius", [5 / 3600, 0.5, 20.0, 170.0])
@pytest.mark.parametrize("centre", CENTRES)
def test_a_circle_holds_what_astropy_says(centre: tuple[float, float], radius: float) -> None:
    apart = SkyCoord(*centre, unit="deg").separation(PLACES).deg
    expected = set(np.flatnonzero(apart <= radius).tolist())
    ra, dec = centre
    assert chosen(f"1 = CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', {ra}, {dec}, {radius}))") == expected
    assert chosen(f"INTERSECTS(CIRCLE(POINT({ra}, {dec}), {radius}), POINT(ra, dec)) = 1") == expected
    assert (
        chosen(f"CONTAINS(POINT(ra + 0, dec), CIRCLE({ra}, {dec}, {radius})) = 0")
        == set(ROWS["n"].to_pylist()) - expected
    )


@pytest.mark.parametrize("centre", CENTRES)
def test_distances_are_those_of_astropy(centre: tuple[float, float]) -> None:
    told = asked(f"SELECT DISTANCE(POINT(ra, dec), POINT({centre[0]}, {centre[1]})) AS d FROM sky.places ORDER BY n")
    np.testing.assert_allclose(np.ravel(told), SkyCoord(*centre, unit="deg").separation(PLACES).deg, atol=1e-9)
    same = asked(f"SELECT DISTANCE(ra, dec, {centre[0]}, {centre[1]}) AS d FROM sky.places ORDER BY n")
    assert same == told


def rectangle(centre: tuple[float, float], turn: float, half: float = 1.5) -> tuple[str, SkyCoord]:
    """Return a polygon between four great circles through the corners of a turned square, and its frame."""
    frame = SkyOffsetFrame(origin=SkyCoord(*centre, unit="deg"), rotation=turn * u.deg)
    corners = SkyCoord([-half, half, half, -half], [-half, -half, half, half], unit="deg", frame=frame).icrs
    return "POLYGON(" + ", ".join(f"{ra!r}, {dec!r}" for ra, dec in pairs(corners)) + ")", SkyCoord(
        PLACES
    ).transform_to(frame)


def pairs(at: SkyCoord) -> list[tuple[float, float]]:
    return list(zip(map(float, at.ra.deg), map(float, at.dec.deg), strict=True))


@pytest.mark.parametrize("turn", [0.0, 33.0])
@pytest.mark.parametrize("centre", CENTRES)
def test_a_polygon_holds_what_lies_between_its_great_circles(centre: tuple[float, float], turn: float) -> None:
    polygon, seen = rectangle(centre, turn)
    x, y, z = (getattr(seen.cartesian, axis).value for axis in "xyz")
    right, up = np.tan(np.radians(1.5)), np.tan(np.radians(1.5)) / np.cos(np.radians(1.5))
    expected = set(np.flatnonzero((x > 0) & (np.abs(y) < right * x) & (np.abs(z) < up * x)).tolist())
    assert len(expected) > 20
    assert chosen(f"1 = CONTAINS(POINT(ra, dec), {polygon})") == expected
    assert chosen(f"1 = INTERSECTS({polygon}, POINT(ra, dec))") == expected
    turned = polygon.removeprefix("POLYGON(").removesuffix(")").split(", ")
    backwards = [turned[number + side] for number in range(len(turned) - 2, -1, -2) for side in (0, 1)]
    assert chosen(f"1 = CONTAINS(POINT(ra, dec), POLYGON({', '.join(backwards)}))") == expected, "whatever its sense"


def test_a_polygon_with_a_dent() -> None:
    dented = "POLYGON(10, 10, 14, 10, 12, 11, 14, 14, 10, 14)"
    points = {(10.5, 12.0): 1, (13.5, 12.0): 0, (12.0, 10.5): 1, (13.5, 13.0): 0, (9.9, 12.0): 0, (11.0, 13.5): 1,
              (191.0, -12.0): 0}  # fmt: skip
    for (ra, dec), inside in points.items():
        assert asked(f"SELECT TOP 1 CONTAINS(POINT({ra}, {dec}), {dented}) AS c FROM sky.places") == [(inside,)]


@pytest.mark.parametrize(
    ("test", "holds"),
    [
        ("CONTAINS(CIRCLE(359.9, 0, 0.5), CIRCLE(0.1, 0, 0.8))", 1),
        ("CONTAINS(CIRCLE(359.9, 0, 0.7), CIRCLE(0.1, 0, 0.8))", 0),
        ("INTERSECTS(CIRCLE(359, 0, 0.6), CIRCLE(0.1, 0, 0.6))", 1),
        ("INTERSECTS(CIRCLE(359, 0, 0.5), CIRCLE(0.1, 0, 0.5))", 0),
        ("INTERSECTS(CIRCLE(0, 89, 1.1), CIRCLE(180, 89, 1.0))", 1),
        ("CONTAINS(CIRCLE(2, 2, 0.9), POLYGON(1, 1, 3, 1, 3, 3, 1, 3))", 1),
        ("CONTAINS(CIRCLE(2, 2, 1.1), POLYGON(1, 1, 3, 1, 3, 3, 1, 3))", 0),
        ("INTERSECTS(CIRCLE(4, 2, 1.1), POLYGON(1, 1, 3, 1, 3, 3, 1, 3))", 1),
        ("INTERSECTS(POLYGON(1, 1, 3, 1, 3, 3, 1, 3), CIRCLE(4, 2, 0.9))", 0),
        ("INTERSECTS(CIRCLE(2, 2, 0.1), POLYGON(1, 1, 3, 1, 3, 3, 1, 3))", 1),
        ("CONTAINS(POLYGON(1, 1, 3, 1, 3, 3, 1, 3), CIRCLE(2, 2, 1.5))", 1),
        ("CONTAINS(POLYGON(1, 1, 3, 1, 3, 3, 1, 3), CIRCLE(2, 2, 1.3))", 0),
        ("CONTAINS(POLYGON(1.5, 1.5, 2.5, 1.5, 2, 2.5), POLYGON(1, 1, 3, 1, 3, 3, 1, 3))", 1),
        ("CONTAINS(POLYGON(1.5, 1.5, 5, 1.5, 2, 2.5), POLYGON(1, 1, 3, 1, 3, 3, 1, 3))", 0),
        ("INTERSECTS(POLYGON(0, 1.9, 4, 1.9, 4, 2.1, 0, 2.1), POLYGON(1.9, 0, 2.1, 0, 2.1, 4, 1.9, 4))", 1),
        ("INTERSECTS(POLYGON(0, 0, 1, 0, 0, 1), POLYGON(5, 5, 6, 5, 5, 6))", 0),
        ("INTERSECTS(POLYGON(0, 89, 120, 89, 240, 89), POLYGON(0, 88, 0, 90, 10, 88))", 1),
        ("CONTAINS(POINT(77, 90), POLYGON(0, 89, 120, 89, 240, 89))", 1),
        ("CONTAINS(POINT(COORD1(POINT(2, 3)), COORD2(POINT(2, 3))), CIRCLE(2, 3, 0))", 1),
    ],
)
def test_shapes_and_shapes(test: str, holds: int) -> None:
    assert asked(f"SELECT TOP 1 {test} AS c FROM sky.places") == [(holds,)]
    assert len(asked(f"SELECT TOP 1 n FROM sky.places WHERE 1 = {test}")) == holds


def test_what_is_not_known_is_in_no_shape() -> None:
    rows = asked(
        "SELECT TOP 1 CONTAINS(POINT(NULL, dec), CIRCLE(1, 2, 180)) AS a, "
        "CONTAINS(POINT(ra, NULL), POLYGON(1, 1, 3, 1, 3, 3)) AS b, "
        "INTERSECTS(CIRCLE(ra, NULL, 1), POLYGON(1, 1, 3, 1, 3, 3)) AS c, DISTANCE(ra, dec, NULL, 1) AS d "
        "FROM sky.places"
    )
    assert rows == [(None, None, None, None)]


def test_cells_are_named_where_they_can_be() -> None:
    near = "CONTAINS(POINT(p.ra, p.dec), CIRCLE(10, 20, 0.1))"
    assert '"p"."hpx" BETWEEN' in compiled(f"SELECT * FROM sky.places AS p WHERE 1 = {near}", TABLES).sql
    for query in (
        f"SELECT * FROM (SELECT ra + 1 AS ra, dec FROM sky.places) AS p WHERE 1 = {near}",
        f"SELECT * FROM sky.places AS p(n, dec, ra) WHERE 1 = {near}",
        f"SELECT * FROM sky.places AS p WHERE 1 = {near.replace('p.dec', 'p.n')}",
        f"SELECT * FROM sky.places AS p WHERE 1 = {near.replace('0.1', 'p.n')}",
        f"SELECT * FROM sky.places AS p, sky.places AS q WHERE 1 = {near.replace('p.', '')}",
    ):
        assert "BETWEEN" not in compiled(query, TABLES).sql


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("POLYGON(1, 2, 3, 4)", "POLYGON of 4 numbers"),
        ("POLYGON(1, 2, 3, 4, 5, ra)", "is no number"),
        ("POLYGON(0, 0, 120, 0, 240, 0)", "quarter of the sphere"),
        ("CIRCLE(1, 2)", "is no shape"),
        ("CIRCLE('GALACTIC', 1, 2, 3)", "GALACTIC"),
        ("BOX(1, 2, 3, 4)", "no function BOX"),
        ("ra", "is no shape"),
        ("POINT(1, 2)", "holds nothing"),
    ],
)
def test_what_is_no_shape_is_told(shape: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        compiled(f"SELECT * FROM sky.places WHERE 1 = CONTAINS(POINT(ra, dec), {shape})", TABLES)
