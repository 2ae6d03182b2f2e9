"""A user's predicate: read, checked word by word against what is allowed, and written anew for Spark.

Spark never sees the user's text. It sees what was understood of it: comparisons, arithmetic and functions out of
two lists, over columns that silver has. Whatever is not on a list (a subquery, a function that reaches outside) is
refused by name.
"""

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError, UnsupportedError

from fink_lib.errors import ConfigError
from fink_lib.filters.sql import DIALECT, rewritten, written
from fink_lib.filters.users.allowed_sql import FUNCTIONS, LONGEST, NAMED_ONLY, OPERATORS, TYPES

DEEPEST = 40  # brackets within brackets; the parser recurses
# Functions that look at each item of an array, within each other: a history has hundreds of points, so that a third
# one would cost millions of steps an alert.
MOST_LOOPS = 2
LONGEST_QUOTE = 60
TOO_DEEP = "the predicate is nested too deeply to be read: split the filter"
ALLOWED = OPERATORS | frozenset(FUNCTIONS.values())


@dataclass(frozen=True)
class Predicate:
    """A predicate that may run.

    Attributes
    ----------
    text
        The predicate as it was understood.
    sql
        The same as Spark gets it: NaN is missing, and numbers are as precise as the columns beside them.
    shown
        What its ANDs hold together at the top, each as it was understood.
    clauses
        The same as Spark gets them; their conjunction is the predicate.
    columns
        Columns that it reads, as dotted paths, sorted.
    """

    text: str
    sql: str
    shown: tuple[str, ...]
    clauses: tuple[str, ...]
    columns: tuple[str, ...]


def parse_predicate(text: str, columns: Collection[str], kinds: Mapping[str, str] | None = None) -> Predicate:
    """Read a predicate.

    Parameters
    ----------
    text
        A Spark SQL expression that is true for the alerts to send.
    columns
        Columns that there are, as dotted paths.
    kinds
        Which of them hold floats or doubles (see `fink_lib.filters.sql.rewritten`); without them, only what does not
        depend on it is rewritten.

    Raises
    ------
    ConfigError
        Naming the first thing that is not allowed or not there, and what is.
    """
    tree = _read(text)
    try:
        read = sorted({_checked(node, columns) for node in tree.walk()} - {""})
        if not read:
            raise ConfigError("the predicate reads no column: it would send every alert, or none")
        _bound_work(tree)
        parts = list(_conjuncts(tree))
        return Predicate(
            text=written(tree),
            sql=written(rewritten(tree, kinds or {})),
            shown=tuple(written(part) for part in parts),
            clauses=tuple(written(rewritten(part, kinds or {})) for part in parts),
            columns=tuple(read),
        )
    except UnsupportedError as error:
        raise ConfigError(f"the predicate has no form in Spark: {_first_line(error)}") from None
    except (RecursionError, SqlglotError):  # a chain of operators nests too, without brackets
        raise ConfigError(TOO_DEEP) from None


def _read(text: str) -> exp.Expr:
    """Parse the text as one expression."""
    if not text.strip():
        raise ConfigError("the predicate is empty: give an SQL expression, for example candidate.magpsf < 18")
    if len(text) > LONGEST:
        raise ConfigError(
            f"the predicate has {len(text)} characters, more than the {LONGEST} allowed: split the filter"
        )
    if any(not (sign.isprintable() or sign in " \n\t\r") for sign in text):
        raise ConfigError("the predicate holds a character that cannot be printed: remove it")
    if _depth(text) > DEEPEST:
        raise ConfigError(f"the predicate nests brackets deeper than {DEEPEST}: split the filter")
    try:
        trees = sqlglot.parse(text, dialect=DIALECT)
    except (SqlglotError, RecursionError, ValueError) as error:
        raise ConfigError(f"the predicate is no SQL expression: {_first_line(error)}") from None
    if len(trees) != 1 or trees[0] is None:
        raise ConfigError("the predicate is not one expression: remove the semicolon")
    return trees[0]


def _depth(text: str) -> int:
    """Return how deep brackets nest, counting those within texts too."""
    deepest = depth = 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, depth)
    return deepest


def _first_line(error: Exception) -> str:
    """Return what the parser says, without its copy of the text."""
    return _shown(str(error).strip().split("\n")[0] or type(error).__name__, 200)


def _shown(text: str, longest: int = LONGEST_QUOTE) -> str:
    """Return a text as it may stand in a sentence."""
    return "".join(sign if sign.isprintable() else " " for sign in text)[:longest]


def _checked(node: exp.Expr, columns: Collection[str]) -> str:
    """Return the column that a node of the tree reads, or an empty text.

    Raises
    ------
    ConfigError
        When it is not allowed.
    """
    if isinstance(node, exp.Column):
        return _known(node, columns)
    if isinstance(node, exp.Anonymous):
        _allow_named(node)
    elif isinstance(node, exp.DataType):
        if node.sql(DIALECT).lower() not in TYPES:
            raise ConfigError(f"type '{node.sql(DIALECT)}' is not allowed: use one of {', '.join(sorted(TYPES))}")
    elif type(node) not in ALLOWED:
        raise ConfigError(_refusal(node))
    return ""


def _bound_work(tree: exp.Expr) -> None:
    """Refuse loops within loops within loops.

    Raises
    ------
    ConfigError
        When they are nested deeper than `MOST_LOOPS`.
    """
    for loop in tree.find_all(exp.Lambda):
        depth, around = 1, loop.parent
        while around is not None:
            depth, around = depth + isinstance(around, exp.Lambda), around.parent
        if depth > MOST_LOOPS:
            raise ConfigError(
                f"functions over arrays are nested {depth} deep or more, and {MOST_LOOPS} are allowed: each multiplies "
                "the work on an alert by the length of its history. Split the filter, or compare with a single point"
            )


def _allow_named(node: exp.Anonymous) -> None:
    if str(node.this).lower() not in NAMED_ONLY:
        raise ConfigError(_refusal(node))


def _refusal(node: exp.Expr) -> str:
    """Say what is refused, and what is allowed instead."""
    if isinstance(node, exp.Query | exp.Subquery | exp.DDL | exp.DML | exp.Command | exp.Block):
        return "the predicate holds a query or a statement: give one expression over the columns of silver"
    text = _shown(node.sql(DIALECT, comments=False))
    allowed = ", ".join(sorted({*FUNCTIONS, *NAMED_ONLY}))
    return f"'{text}' is not allowed: allowed are comparisons, arithmetic, LIKE, IN, CASE and the functions {allowed}"


def _known(node: exp.Column, columns: Collection[str]) -> str:
    """Return the dotted path of a column that is there."""
    path = ".".join(part.name for part in node.parts)
    if path not in columns or any(not isinstance(part, exp.Identifier) for part in node.parts):
        near = difflib.get_close_matches(path, columns, n=3, cutoff=0.6)
        hint = f"did you mean {' or '.join(near)}?" if near else "`fink filters columns` lists what there is"
        raise ConfigError(f"there is no column '{_shown(path)}': {hint}")
    return path


def _conjuncts(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Return what stands between the ANDs at the top."""
    if isinstance(tree, exp.Paren):
        yield from _conjuncts(tree.this)
    elif isinstance(tree, exp.And):
        yield from _conjuncts(tree.left)
        yield from _conjuncts(tree.right)
    else:
        yield tree
