"""Functions of ADQL on shapes, as DuckDB's SQL."""

from collections.abc import Callable

import numpy as np
from sqlglot import exp

from fink_lib.api.sky import separation_deg
from fink_lib.vo.adql.shapes import Circle, Point, Polygon, Shape, wrong
from fink_lib.vo.adql.sphere import Plane, Vectors

WIDEST_DEG = 90.0  # a larger circle is not convex: polygons in it are not told by their vertices


def sql_of(node: exp.Expression) -> str:
    """Return an expression as SQL."""
    return f"({node.sql('duckdb', identify=True, comments=False)})"


def distance(first: Point, second: Point) -> str:
    """Return the angle between two points in degrees.

    Parameters
    ----------
    first, second
        Places, deg, as expressions.

    Returns
    -------
    SQL of a number.
    """
    return separation_deg(*(sql_of(one) for one in (first.ra, first.dec, second.ra, second.dec)))


def contains(inner: Shape, outer: Shape) -> str:
    """Return the condition that a shape lies in another.

    Parameters
    ----------
    inner
        The shape inside; a place on the edge of a circle is in it.
    outer
        The shape around.

    Returns
    -------
    SQL of a truth value.

    Raises
    ------
    Refused
        When the outer shape is a point, or a polygon is too large.
    """
    if isinstance(outer, Point):
        raise wrong("a POINT holds nothing", "write CONTAINS(point, circle or polygon)")
    if isinstance(outer, Circle):
        return _in_circle(inner, outer)
    plane = plane_of(outer)
    if isinstance(inner, Point):
        return _in_polygon(inner, plane)
    if isinstance(inner, Circle):
        far = f"{_edge_deg(inner.centre, plane)} >= {sql_of(inner.radius)}"
        return f"({_in_polygon(inner.centre, plane)} AND {far})"
    return "true" if plane_of(inner).within(plane) else "false"


def intersects(first: Shape, second: Shape) -> str:
    """Return the condition that two shapes have a place in common.

    Parameters
    ----------
    first, second
        Shapes; at least one is no point.

    Returns
    -------
    SQL of a truth value.

    Raises
    ------
    Refused
        When both are points, or a polygon is too large.
    """
    if isinstance(first, Point):
        return contains(first, second)
    if isinstance(second, Point):
        return contains(second, first)
    if isinstance(first, Circle) and isinstance(second, Circle):
        return f"({distance(first.centre, second.centre)} <= {sql_of(first.radius)} + {sql_of(second.radius)})"
    if isinstance(first, Polygon) and isinstance(second, Polygon):
        return "true" if plane_of(first).meets(plane_of(second)) else "false"
    if isinstance(first, Polygon):
        first, second = second, first
    assert isinstance(first, Circle)  # noqa: S101 - one is a circle,
    assert isinstance(second, Polygon)  # noqa: S101 - the other a polygon
    plane = plane_of(second)
    return f"({_in_polygon(first.centre, plane)} OR {_edge_deg(first.centre, plane)} <= {sql_of(first.radius)})"


TESTS: dict[str, Callable[[Shape, Shape], str]] = {"CONTAINS": contains, "INTERSECTS": intersects}


def plane_of(polygon: Polygon) -> Plane:
    """Return the plane of a polygon.

    Raises
    ------
    Refused
        When it is too large.
    """
    try:
        return Plane.of(polygon.vertices)
    except ValueError as error:
        raise wrong(str(error), "cut it into smaller ones") from error


def _in_circle(inner: Shape, outer: Circle) -> str:
    radius = sql_of(outer.radius)
    if isinstance(inner, Point):
        return f"({distance(inner, outer.centre)} <= {radius})"
    if isinstance(inner, Circle):
        return f"({distance(inner.centre, outer.centre)} + {sql_of(inner.radius)} <= {radius})"
    corners = [Point(*(exp.Literal.number(repr(value)) for value in vertex)) for vertex in inner.vertices]
    inside = " AND ".join(f"{distance(corner, outer.centre)} <= {radius}" for corner in corners)
    return f"({radius} < {WIDEST_DEG} AND {inside})"


def _dot(point: Point, vector: Vectors) -> str:
    """Return the cosine of the angle between a point and a direction."""
    ra, dec = f"radians({sql_of(point.ra)})", f"radians({sql_of(point.dec)})"
    parts = f"cos({dec}) * cos({ra})", f"cos({dec}) * sin({ra})", f"sin({dec})"
    return "(" + " + ".join(f"{sql} * {_number(value)}" for sql, value in zip(parts, vector, strict=True)) + ")"


def _number(value: float) -> str:
    return f"({float(value)!r}::DOUBLE)"


def _in_polygon(point: Point, plane: Plane) -> str:
    """Return the condition that a point is in a polygon: `Plane.holds` as SQL."""
    ahead, right, up = (_dot(point, axis) for axis in plane.axes)
    x, y = f"({right} / {ahead})", f"({up} / {ahead})"
    crossed = []
    for (x1, y1), (x2, y2) in plane.edges:
        if y1 != y2:
            between = f"(({_number(y1)} > {y}) <> ({_number(y2)} > {y}))"
            right_of = f"{x} < {_number((x2 - x1) / (y2 - y1))} * ({y} - {_number(y1)}) + {_number(x1)}"
            crossed.append(f"CAST({between} AND {right_of} AS INTEGER)")
    return f"(CASE WHEN {ahead} > 0 THEN ({' + '.join(crossed) or '0'}) % 2 = 1 ELSE {ahead} <> {ahead} END)"


def _edge_deg(point: Point, plane: Plane) -> str:
    """Return the angle from a point to the nearest edge of a polygon in degrees."""
    nearest = f"least({', '.join(_arc_deg(point, *ends) for ends in plane.arcs)})"
    return f"({nearest} + 0 * {_dot(point, plane.axes[0])})"  # null for an unknown place: `least` passes over nulls


def _arc_deg(point: Point, first: Vectors, last: Vectors) -> str:
    to_ends = f"degrees(acos(greatest(-1, least(1, greatest({_dot(point, first)}, {_dot(point, last)})))))"
    pole = np.cross(first, last)
    length = float(np.linalg.norm(pole))
    if length == 0.0:  # a vertex twice
        return to_ends
    pole = pole / length
    beside = f"{_dot(point, np.cross(pole, first))} >= 0 AND {_dot(point, np.cross(last, pole))} >= 0"
    return f"CASE WHEN {beside} THEN degrees(asin(least(1, abs({_dot(point, pole)})))) ELSE {to_ends} END"
