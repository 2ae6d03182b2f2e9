"""A predicate as Spark gets it, so that it answers as numpy, and so the broker's own filters, do.

Three habits of Spark's are taken out of it: it compares a float with 0.65 as doubles, of which no float is equal;
NaN is greater than any number; the size of no array is -1. Here a number that is written beside floats is a float, NaN
is missing, and so is the size of what is not there.
"""

from collections.abc import Callable, Mapping
from functools import cache

import pyarrow as pa
import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel

from fink_lib.filters.facts import columns_of
from fink_lib.filters.sql_kinds import COMPARISONS, DOUBLE, FLOAT, FLOATS, LOOPS, WRITTEN, Kinds, array_of, operands

DIALECT = "spark"
# Columns that every survey's tables have, whatever its packets.
IDENTITY: Mapping[str, str] = {"time": DOUBLE, "ra": DOUBLE, "dec": DOUBLE}
SIZE_OF_NOTHING = -1
VARIABLE = "each_value"
# Of these, what is not NaN where nothing inside is.
NEVER_NEW = (
    *(exp.Column, exp.Dot, exp.Identifier, exp.Paren, exp.Neg, exp.Abs, exp.Round, exp.Greatest, exp.Least),
    *(exp.Coalesce, exp.Nullif, exp.ArrayMax, exp.ArrayMin, exp.Case, exp.If),
)


def for_spark(text: str, survey: str) -> str:
    """Return a predicate over the columns of a survey's tables as Spark gets it.

    Parameters
    ----------
    text
        Spark SQL that the broker or its operator wrote; a user's goes through `fink_lib.filters.users`.
    survey
        Name of the survey.
    """
    return written(rewritten(sqlglot.parse_one(text, dialect=DIALECT), survey_kinds(survey)), identify=False)


def written(tree: exp.Expr, *, identify: bool = True) -> str:
    """Return a tree as text; what Spark's dialect cannot say raises instead of being left out with a warning.

    Parameters
    ----------
    tree
        A predicate, or a part of one.
    identify
        Whether every name is put in quotation marks.
    """
    return tree.sql(DIALECT, identify=identify, comments=False, unsupported_level=ErrorLevel.IMMEDIATE)


@cache
def survey_kinds(survey: str) -> Mapping[str, str]:
    """Return which columns of a survey hold floats or doubles: path → Spark's name of the type."""
    names = {column.path: _spark_name(column.type) for column in columns_of(survey).values()}
    return {**{path: name for path, name in names.items() if name}, **IDENTITY}


def _spark_name(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        inner = _spark_name(kind.value_type)
        return f"array<{inner}>" if inner else ""
    return {pa.float32(): FLOAT, pa.float64(): DOUBLE}.get(kind, "")


def rewritten(tree: exp.Expr, kinds: Mapping[str, str]) -> exp.Expr:
    """Return a copy of a predicate that knows no NaN and no size of nothing, and compares floats with floats.

    Parameters
    ----------
    tree
        The predicate.
    kinds
        Columns that hold floats or doubles, or arrays of them: path → float, double, array<float> or array<double>.
        An array of records is named by its fields.
    """
    whole = exp.Paren(this=tree.copy())
    nodes = list(whole.walk())[1:]
    known = Kinds(kinds)
    for node in reversed(nodes):  # what stands inside first, so that what stands around it need not look far
        known.of(node)
    floats = {id(each) for node in nodes for each in _numbers_beside_floats(node, known)}
    new = {id(node): made for node in nodes if (made := _maker(node, known)) is not None}
    for node in reversed(nodes):
        if id(node) in floats:
            node.replace(exp.cast(node.copy(), FLOAT))
        elif id(node) in new:
            node.replace(new[id(node)](node.copy()))
    found: exp.Expr = whole.this
    return found


def _numbers_beside_floats(node: exp.Expr, known: Kinds) -> list[exp.Expr]:
    """Return the numbers with a decimal point that are written beside floats, and beside nothing more precise."""
    sides = operands(node)
    kinds = {known.of(side) for side in sides} | ({known.element_of(node.this)} if _is_contains(node) else set())
    if FLOAT not in kinds or DOUBLE in kinds:
        return []
    return [side for side in sides if known.of(side) == WRITTEN and any(_has_point(part) for part in side.walk())]


def _has_point(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and not node.is_int


def _is_contains(node: exp.Expr) -> bool:
    return isinstance(node, exp.ArrayContains)


def _maker(node: exp.Expr, known: Kinds) -> Callable[[exp.Expr], exp.Expr] | None:
    """Return what makes of a node one without NaN, or of a size one that may be missing; None where it stays."""
    if isinstance(node, exp.ArraySize):
        return lambda copy: exp.Nullif(this=copy, expression=exp.Literal.number(SIZE_OF_NOTHING))
    if node.find_ancestor(exp.IsNan):
        return None  # who asks for NaN is told
    kind = known.of(node)
    if kind in FLOATS and (known.is_read(node) or _is_new(node)):
        return lambda copy: _not_nan(copy, kind)
    element = known.element_of(node)
    if element in FLOATS and isinstance(node, exp.Column) and not _is_looked_through(node):
        return lambda copy: exp.Transform(this=copy, expression=_each_not_nan(element))
    return None


def _is_new(node: exp.Expr) -> bool:
    """Tell whether a number that was computed is about to be compared, or kept in an array."""
    around = node.parent
    while isinstance(around, exp.Paren):
        around = around.parent
    if isinstance(node, NEVER_NEW):
        return False
    kept = isinstance(around, exp.Lambda) and isinstance(around.parent, exp.Transform)
    return kept or isinstance(around, COMPARISONS)


def _is_looked_through(array: exp.Expr) -> bool:
    """Tell whether nothing but the size of an array is asked, or each of its values by itself."""
    around = array.parent
    if isinstance(around, exp.ArrayFilter):
        return False
    return isinstance(around, exp.ArraySize) or (isinstance(around, LOOPS) and array_of(around) is array)


def _not_nan(value: exp.Expr, kind: str) -> exp.Expr:
    return exp.Nullif(this=value, expression=exp.cast(exp.Literal.string("NaN"), kind))


def _each_not_nan(kind: str) -> exp.Expr:
    return exp.Lambda(this=_not_nan(exp.to_identifier(VARIABLE), kind), expressions=[exp.to_identifier(VARIABLE)])
