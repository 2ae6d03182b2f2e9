"""Points, circles and polygons of ADQL, read out of a query."""

import math
from dataclasses import dataclass
from typing import TypeAlias

from sqlglot import exp

from fink_lib.api.http.errors import Refused

FRAMES = {"", "ICRS"}
CONSTRUCTORS = {"POINT", "CIRCLE", "POLYGON"}
LEAST_VERTICES, MOST_VERTICES = 3, 100


@dataclass(frozen=True)
class Point:
    """A place: right ascension and declination in degrees, as expressions."""

    ra: exp.Expression
    dec: exp.Expression


@dataclass(frozen=True)
class Circle:
    """All places that are at most a radius, in degrees, from a place."""

    centre: Point
    radius: exp.Expression


@dataclass(frozen=True)
class Polygon:
    """The smaller side of a closed line of great circles.

    Attributes
    ----------
    vertices
        Right ascensions and declinations in degrees.
    """

    vertices: tuple[tuple[float, float], ...]


Shape: TypeAlias = Point | Circle | Polygon


def shape_of(node: exp.Expression) -> Shape:
    """Return the shape that an expression makes.

    Raises
    ------
    Refused
        When it makes none.
    """
    name = node.name.upper() if isinstance(node, exp.Anonymous) else ""
    if name not in CONSTRUCTORS:
        raise wrong(f"'{node.sql()[:60]}' is no shape", "write POINT(ra, dec), CIRCLE(…) or POLYGON(…)")
    given = _without_frame(node)
    if name == "POINT":
        return _point(given)
    return _circle(given) if name == "CIRCLE" else _polygon(given)


def wrong(message: str, fix: str) -> Refused:
    """Return what is wrong with a query.

    Parameters
    ----------
    message
        What is wrong.
    fix
        What the asker can do.

    Returns
    -------
    It is for the caller to raise.
    """
    return Refused(message, parameter="QUERY", fix=fix)


def _without_frame(node: exp.Expression) -> list[exp.Expression]:
    given = list(node.expressions)
    if given and isinstance(given[0], exp.Literal) and given[0].is_string:
        frame = str(given.pop(0).this).strip().upper()
        if frame.partition(" ")[0] not in FRAMES:
            raise wrong(f"positions in {frame} are not known", "give them in ICRS")
    return given


def _point(given: list[exp.Expression]) -> Point:
    if len(given) != 2:  # noqa: PLR2004
        raise wrong(f"POINT has {len(given)} coordinates", "write POINT(ra, dec), both in degrees")
    return Point(*given)


def _circle(given: list[exp.Expression]) -> Circle:
    if len(given) == 2 and isinstance(centre := shape_of(given[0]), Point):  # noqa: PLR2004 - a point and a radius
        return Circle(centre, given[1])
    if len(given) != 3:  # noqa: PLR2004
        raise wrong("CIRCLE needs a centre and a radius", "write CIRCLE(ra, dec, radius), all in degrees")
    return Circle(Point(given[0], given[1]), given[2])


def _polygon(given: list[exp.Expression]) -> Polygon:
    if given and all(isinstance(one, exp.Anonymous) for one in given):
        points = [shape_of(one) for one in given]
        given = [part for one in points if isinstance(one, Point) for part in (one.ra, one.dec)]
    if len(given) % 2 or not LEAST_VERTICES <= len(given) // 2 <= MOST_VERTICES:
        raise wrong(f"a POLYGON of {len(given)} numbers", f"give {LEAST_VERTICES} to {MOST_VERTICES} pairs ra, dec")
    known = [value for value in map(constant, given) if value is not None]
    if len(known) < len(given):
        raise wrong("a vertex of a POLYGON is no number", "columns can be in points and circles alone")
    return Polygon(tuple(zip(known[::2], known[1::2], strict=True)))


def constant(node: exp.Expression) -> float | None:
    """Return the number that an expression is; None where it is none."""
    if isinstance(node, exp.Paren):
        return constant(node.this)
    if isinstance(node, exp.Neg):
        value = constant(node.this)
        return None if value is None else -value
    if not isinstance(node, exp.Literal) or node.is_string:
        return None
    value = float(node.this)
    return value if math.isfinite(value) else None
