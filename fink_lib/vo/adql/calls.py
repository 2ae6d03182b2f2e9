"""Calls of functions in a query, each replaced by DuckDB's SQL or refused."""

import difflib
from collections.abc import Callable

from sqlglot import exp

from fink_lib.vo.adql.functions import FUNCTIONS
from fink_lib.vo.adql.geometry import TESTS, distance, sql_of
from fink_lib.vo.adql.shapes import CONSTRUCTORS, Point, Shape, shape_of, wrong

DISTANCE = "DISTANCE"
OF_POINTS = {"COORD1": "ra", "COORD2": "dec"}
TAKE_SHAPES = {*TESTS, DISTANCE, *OF_POINTS, *CONSTRUCTORS}
Hint = Callable[[exp.Expression, Shape, Shape], str]


def raw(text: str) -> exp.Expression:
    """Return SQL as a node that is written as it is."""
    return exp.Var(this=text)


def rewrite(tree: exp.Expression, hint: Hint) -> None:
    """Replace every call in a query, the inner ones first.

    Parameters
    ----------
    tree
        The query; it is changed.
    hint
        Returns a condition that is implied by the test of two shapes at a node and quick to tell; empty for none.

    Raises
    ------
    Refused
        When a function is not known, or has other arguments.
    """
    for node in reversed(list(tree.find_all(exp.Anonymous))):
        name = node.name.upper()
        if name in CONSTRUCTORS:
            _require_taken(node)
        elif name in TESTS:
            _replace_test(node, name, hint)
        elif name == DISTANCE:
            node.replace(raw(_distance(node)))
        elif name in OF_POINTS:
            node.replace(getattr(_points(node, 1)[0], OF_POINTS[name]).copy())
        else:
            node.replace(raw(_plain(node, name)))


def _require_taken(node: exp.Expression) -> None:
    parent = node.parent
    if not (isinstance(parent, exp.Anonymous) and parent.name.upper() in TAKE_SHAPES):
        raise wrong(
            f"{node.name.upper()} stands by itself", "it can be given to CONTAINS, INTERSECTS and DISTANCE alone"
        )


def _replace_test(node: exp.Anonymous, name: str, hint: Hint) -> None:
    if len(node.expressions) != 2:  # noqa: PLR2004
        raise wrong(f"{name} has {len(node.expressions)} arguments", f"write {name}(shape, shape)")
    first, second = (shape_of(one) for one in node.expressions)
    condition = TESTS[name](first, second)
    if near := hint(node, first, second):
        condition = f"({condition} AND {near})"
    parent = node.parent
    other = (parent.expression if parent.this is node else parent.this) if isinstance(parent, exp.EQ) else None
    if parent is not None and isinstance(other, exp.Literal) and other.name == "1":
        parent.replace(raw(f"({condition})"))  # a condition that DuckDB may push down
    else:
        node.replace(raw(f"CAST({condition} AS INTEGER)"))


def _distance(node: exp.Anonymous) -> str:
    given = node.expressions
    if len(given) == 4:  # noqa: PLR2004
        return distance(Point(given[0], given[1]), Point(given[2], given[3]))
    return distance(*_points(node, 2))


def _points(node: exp.Anonymous, count: int) -> list[Point]:
    shapes = [shape_of(one) for one in node.expressions]
    points = [one for one in shapes if isinstance(one, Point)]
    if len(shapes) != count or len(points) != count:
        raise wrong(f"{node.name.upper()} takes {count} POINT", "write POINT(ra, dec)")
    return points


def _plain(node: exp.Anonymous, name: str) -> str:
    if name not in FUNCTIONS:
        known = [*FUNCTIONS, *TAKE_SHAPES]
        close = difflib.get_close_matches(name, known, n=1)
        raise wrong(f"there is no function {name}", f"did you mean {close[0]}?" if close else "docs/vo.md lists them")
    least, most, write = FUNCTIONS[name]
    if not least <= len(node.expressions) <= most:
        raise wrong(f"{name} has {len(node.expressions)} arguments", f"it takes {least}")
    return write([sql_of(one) if not _is_bare(one) else _bare(one) for one in node.expressions])


def _is_bare(node: exp.Expression) -> bool:
    return isinstance(node, exp.Star | exp.Distinct)


def _bare(node: exp.Expression) -> str:
    return str(node.sql("duckdb", identify=True, comments=False))
