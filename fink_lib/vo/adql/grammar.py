"""What a query may consist of: every kind of node with the parts that it may have. What is not here is refused."""

from typing import Any

from sqlglot import exp

from fink_lib.api.http.errors import Refused

ONE, BINARY = {"this"}, {"this", "expression"}
SETS = {"this", "expression", "distinct", "order", "limit", "offset", "with_"}
SELECT = {"expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "distinct", "with_"}
ALLOWED: dict[Any, set[str]] = {
    exp.Select: SELECT,
    **dict.fromkeys((exp.Union, exp.Intersect, exp.Except), SETS),
    exp.Subquery: {"this", "alias"},
    exp.With: {"expressions"},
    exp.CTE: {"this", "alias"},
    exp.From: {"this"},
    exp.Join: {"this", "kind", "method", "on", "side", "using"},
    exp.Table: {"this", "db", "alias"},
    exp.TableAlias: {"this", "columns"},
    exp.Where: {"this"},
    exp.Group: {"expressions"},
    exp.Having: {"this"},
    exp.Order: {"expressions"},
    exp.Ordered: {"this", "desc", "nulls_first"},
    exp.Limit: {"expression"},
    exp.Offset: {"expression"},
    exp.Distinct: {"expressions"},
    exp.Alias: {"this", "alias"},
    exp.Column: {"this", "table", "db"},
    exp.Star: set(),
    exp.Identifier: {"this", "quoted"},
    exp.Literal: {"this", "is_string"},
    exp.Boolean: {"this"},
    exp.Null: set(),
    exp.Anonymous: {"this", "expressions"},
    exp.Cast: {"this", "to"},
    exp.DataType: {"this", "expressions"},
    exp.DataTypeParam: {"this"},
    exp.Case: {"this", "ifs", "default"},
    exp.If: {"this", "true"},
    exp.In: {"this", "expressions", "query"},
    exp.Exists: {"this"},
    exp.Between: {"this", "low", "high"},
    exp.DPipe: {"this", "expression", "safe"},
    **dict.fromkeys((exp.Neg, exp.Not, exp.Paren), ONE),
    **dict.fromkeys((exp.And, exp.Or, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE), BINARY),
    **dict.fromkeys((exp.Is, exp.Like, exp.ILike, exp.Escape, exp.Add, exp.Sub, exp.Mul, exp.Div), BINARY),
}
STATEMENTS = (exp.Select, exp.Union, exp.Intersect, exp.Except)
JOINS = {"", "NATURAL", "LEFT", "RIGHT", "FULL", "INNER", "OUTER", "CROSS"}
TYPES = {"SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "CHAR", "VARCHAR", "TIMESTAMP", "DATE"}


def require_allowed(tree: exp.Expression) -> None:
    """See that a query has nothing but what is on the list.

    Raises
    ------
    Refused
        When something else is in it.
    """
    for node in tree.walk():
        allowed = ALLOWED.get(type(node))
        if allowed is None:
            raise _refused(node, type(node).__name__.upper())
        given = {name for name, value in node.args.items() if value is not None and value is not False and value != []}
        if further := sorted(given - allowed):
            raise _refused(node, f"{type(node).__name__.upper()} with {further[0].rstrip('_').upper()}")
        if isinstance(node, exp.Join) and not {node.method, node.side, node.kind} <= JOINS:
            raise _refused(node, f"{node.method} {node.side} {node.kind} JOIN".strip())
        if isinstance(node, exp.Select) and not node.expressions:
            raise _refused(node, "SELECT of nothing")
        if isinstance(node, exp.DataType) and getattr(node.this, "name", "") not in TYPES:
            raise _refused(node, "type of that name")


def _refused(node: exp.Expr, what: str) -> Refused:
    text = node.sql()[:60]
    return Refused(f"ADQL has no {what} here, near '{text}'", parameter="QUERY", fix="docs/vo.md tells what it has")
