"""A query in ADQL as DuckDB's SQL over the permitted tables, or refused with one sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from fink_lib.api.sky import cone_ranges, normal_ra
from fink_lib.vo.adql.calls import DISTANCE, rewrite
from fink_lib.vo.adql.dialect import Adql
from fink_lib.vo.adql.geometry import plane_of
from fink_lib.vo.adql.grammar import STATEMENTS, require_allowed
from fink_lib.vo.adql.shapes import Circle, Point, Polygon, Shape, constant, wrong
from fink_lib.vo.fields import Field
from fink_lib.vo.tables import VoTable

MOST_CHARACTERS = 50_000
OWN = "cte_"  # before the names of a query's own tables: none of them can be taken for one of ours
SKY = {"ra", "dec", "hpx"}
MARGIN_DEG = 1e-6


@dataclass(frozen=True)
class Compiled:
    """A query that may be run.

    Attributes
    ----------
    sql
        As DuckDB understands it.
    tables
        Tables that it reads, as ``schema.name``.
    columns
        Name in the answer → column of a table, where it is one; as they are called in lower case.
    distances
        Names in the answer that are angles in degrees.
    """

    sql: str
    tables: tuple[str, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    distances: frozenset[str] = frozenset()

    def described(self, name: str, tables: Mapping[str, VoTable]) -> Field | None:
        """Return what a column of the answer is, where it is one of a table.

        Parameters
        ----------
        name
            Name of a column in the answer, in any case.
        tables
            The permitted tables by ``schema.name``.

        Returns
        -------
        The column of the first table of the query that has it, under the name in the answer; None where it is
        computed.
        """
        column = self.columns.get(name.lower(), name.lower())
        for table in self.tables:
            for one in tables[table].fields:
                if one.name.lower() == column:
                    return one.called(name)
        return None


def compiled(query: str, tables: Mapping[str, VoTable]) -> Compiled:
    """Return a query as SQL.

    Parameters
    ----------
    query
        In ADQL.
    tables
        The permitted tables by ``schema.name`` in lower case.

    Raises
    ------
    Refused
        When it is not understood, or names what is not permitted.
    """
    tree = _parsed(query)
    require_allowed(tree)
    own = _own_tables(tree)
    used = _named_tables(tree, tables, own)
    columns, distances = _outputs(tree)
    rewrite(tree, lambda node, first, second: _near(node, first, second, tables))
    return Compiled(tree.sql("duckdb", identify=True, comments=False), used, columns, distances)


def _parsed(query: str) -> exp.Expression:
    if len(query) > MOST_CHARACTERS:
        raise wrong(
            f"the query has {len(query)} characters", f"at most {MOST_CHARACTERS}; upload long lists as a table"
        )
    try:
        found = [one for one in sqlglot.parse(query, dialect=Adql) if one is not None]
    except (ParseError, TokenError) as error:
        told = getattr(error, "errors", None) or [{}]
        said = str(told[0].get("description") or error).splitlines()[0].rstrip(".")
        near = f"{told[0].get('start_context') or ''}{told[0].get('highlight') or ''}"[-40:].strip()
        raise wrong(f"the query is not understood: {said}{f', at {near!r}' if near else ''}", "write ADQL") from error
    except RecursionError as error:
        raise wrong("the query is nested too deeply", "write it flatter") from error
    if len(found) != 1:
        raise wrong(f"there are {len(found)} statements", "send one query at a time")
    if not isinstance(found[0], STATEMENTS):
        raise wrong(f"{type(found[0]).__name__.upper()} is no query", "a query begins with SELECT")
    return found[0]


def _own_tables(tree: exp.Expression) -> set[str]:
    """Rename the tables that a query makes itself (WITH); return what they are called."""
    own = set()
    for one in tree.find_all(exp.CTE):
        own.add(one.alias.lower())
        one.args["alias"].set("this", exp.to_identifier(f"{OWN}{one.alias}"))
    return own


def _named_tables(tree: exp.Expression, tables: Mapping[str, VoTable], own: set[str]) -> tuple[str, ...]:
    used: dict[str, None] = {}
    for one in list(tree.find_all(exp.Table)):
        if not isinstance(one.this, exp.Identifier):
            raise wrong(f"'{one.sql()[:60]}' is no table", f"one of {', '.join(tables)}")
        full = f"{one.db}.{one.name}".lower()
        if not one.db and one.name.lower() in own:
            if not one.alias:
                one.set("alias", exp.TableAlias(this=exp.to_identifier(one.name)))
            one.set("this", exp.to_identifier(f"{OWN}{one.name}"))
        elif full in tables:
            used[full] = None
        else:
            raise wrong(f"there is no table '{one.sql()[:60]}'", f"one of {', '.join(tables)}")
    return tuple(used)


def _outputs(tree: exp.Expression) -> tuple[dict[str, str], frozenset[str]]:
    """Return which columns of the answer are columns of tables, and which are angles."""
    select = tree
    while not isinstance(select, exp.Select):
        select = select.this
    columns, distances = {}, set()
    for one in select.expressions:
        inner = one.this if isinstance(one, exp.Alias) else one
        name = one.alias_or_name.lower()
        if isinstance(inner, exp.Anonymous):
            columns[name] = ""
            if inner.name.upper() == DISTANCE:
                distances.add(name)
        elif isinstance(inner, exp.Column) and not isinstance(inner.this, exp.Star):
            columns[name] = inner.name.lower()
        elif name and not isinstance(inner, exp.Star | exp.Column):
            columns[name] = ""
    return columns, frozenset(distances)


def _near(node: exp.Expression, first: Shape, second: Shape, tables: Mapping[str, VoTable]) -> str:
    """Return the cells that a constant shape lies in, where a point of one of our tables is tested against it."""
    if isinstance(second, Point):
        first, second = second, first
    ball = _ball(second)
    if not isinstance(first, Point) or ball is None:
        return ""
    prefix = _of_sky(node, first, tables)
    if prefix is None:
        return ""
    cells = f'{prefix}"hpx"'
    told = " OR ".join(f"{cells} BETWEEN {low} AND {high}" for low, high in cone_ranges(*ball))
    return f"({told})"


def _ball(shape: Shape) -> tuple[float, float, float] | None:
    """Return centre and radius of a circle around a constant shape."""
    if isinstance(shape, Polygon):
        plane = plane_of(shape)
        return (*plane.middle_deg, plane.reach_deg + MARGIN_DEG)
    if not isinstance(shape, Circle):
        return None
    ra, dec, radius = (constant(one) for one in (shape.centre.ra, shape.centre.dec, shape.radius))
    if ra is None or dec is None or radius is None or not (abs(dec) <= 90.0 and 0.0 <= radius <= 180.0):  # noqa: PLR2004
        return None
    return normal_ra(ra), dec, min(180.0, radius + MARGIN_DEG)


def _of_sky(node: exp.Expression, point: Point, tables: Mapping[str, VoTable]) -> str | None:
    """Return what stands before the columns of a table of ours whose own place a point is; None where it is none."""
    columns = [point.ra, point.dec]
    if not all(isinstance(one, exp.Column) for one in columns) or [one.name.lower() for one in columns] != [
        "ra",
        "dec",
    ]:
        return None
    qualifier = columns[0].text("table")
    select = node.find_ancestor(exp.Select)
    if select is None or columns[1].text("table") != qualifier or columns[0].text("db"):
        return None
    sources = [select.args["from_"].this, *(one.this for one in select.args.get("joins") or ())]
    chosen = [one for one in sources if not qualifier or one.alias_or_name.lower() == qualifier.lower()]
    if len(chosen) != 1 or not isinstance(chosen[0], exp.Table) or chosen[0].alias_column_names:
        return None
    table = tables.get(f"{chosen[0].db}.{chosen[0].name}".lower())
    if table is None or table.of_people or not SKY.issubset(one.name for one in table.fields):
        return None
    return f'"{qualifier}".' if qualifier else ""
