"""Aggregates of some rows, written in Spark's SQL and computed in this process by DuckDB: no JVM is started.

The columns that are asked for stream through; what is kept for a count of distinct values spills to disk, so that a
night of any size is counted in bounded memory.
"""

import tempfile
from collections.abc import Iterable, Mapping
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel

from fink_lib.lake.rows import Rows

SPARK, DUCKDB = "spark", "duckdb"
MEMORY = "1GB"
BATCH_ROWS = 65_536
# Functions of Spark's that DuckDB lacks. Arrow's text is taken for UTF-8; what is not is no name that a rule allows.
MACROS = ("CREATE MACRO is_valid_utf8(value) AS value IS NOT NULL",)


def holds(predicate: str) -> str:
    """Return how many rows hold a predicate of Spark's SQL, as SQL; null counts as false."""
    return f"count(CASE WHEN {predicate} THEN 1 END)"  # of no rows DuckDB's count_if is null


def repeated(columns: Iterable[str], nullable: Iterable[str] = ()) -> str:
    """Return how many rows have a key that another row has already, as SQL; a row without a whole key has none.

    Parameters
    ----------
    columns
        The key.
    nullable
        Further columns of it, of which null is a value like others.
    """
    names = list(columns)
    whole = " AND ".join(f"{name} IS NOT NULL" for name in names)
    return f"{holds(whole)} - count(DISTINCT CASE WHEN {whole} THEN struct({', '.join([*names, *nullable])}) END)"


def aggregates(rows: Rows, wanted: Mapping[str, str], memory: str = MEMORY) -> dict[str, Any]:
    """Compute aggregates of rows in one pass over the columns that they name.

    Parameters
    ----------
    rows
        Rows; a column that they lack is null in every row.
    wanted
        Name of a result → its aggregate, in Spark's SQL over the columns by their dotted paths.
    memory
        What DuckDB may keep in memory; beyond it works on disk.

    Returns
    -------
    dict
        Name of a result → its value.
    """
    import duckdb  # noqa: PLC0415 - only those who count pay for it

    trees = {name: on_flat_columns(sqlglot.parse_one(text, dialect=SPARK)) for name, text in wanted.items()}
    named = {column.name for tree in trees.values() for column in tree.find_all(exp.Column)}
    there = sorted(name for name in named if rows.has(name))
    absent = [f'NULL AS "{name}"' for name in sorted(named - set(there))]
    listed = ", ".join(f'{written(tree)} AS "{name}"' for name, tree in trees.items())
    with tempfile.TemporaryDirectory(prefix="aggregates-") as spill, duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{memory}'; SET temp_directory = '{spill}'; SET TimeZone = 'UTC'")
        for macro in MACROS:
            connection.execute(macro)
        connection.register("stream", rows.stream(there, BATCH_ROWS))
        found = connection.execute(f"SELECT {listed} FROM (SELECT {', '.join(['*', *absent])} FROM stream)")  # noqa: S608  # ours
        return dict(zip(trees, found.fetchone() or (), strict=True))


def on_flat_columns(tree: exp.Expr) -> exp.Expr:
    """Name each column by its whole path, as the stream names it: a field in a struct is a column of its own there."""

    def flat(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Column):
            return node
        return exp.column(exp.to_identifier(".".join(part.name for part in node.parts), quoted=True))

    return tree.transform(flat)


def written(tree: exp.Expr) -> str:
    """Return an expression of Spark's SQL as DuckDB reads it."""
    return tree.sql(DUCKDB, comments=False, unsupported_level=ErrorLevel.RAISE)
