"""Users' filters in the stream: one column of the batch, the names of those that select an alert, computed by Spark."""

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import pyspark.sql.functions as F
import pyspark.sql.types as T
from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession

from fink_lib.errors import ConfigError
from fink_lib.filters.sql_kinds import FLOATS
from fink_lib.filters.users.predicate import TOO_DEEP, Predicate, parse_predicate
from fink_lib.filters.users.store import Event

logger = logging.getLogger(__name__)

ANSI = "spark.sql.ansi.enabled"


@contextmanager
def lenient(session: SparkSession) -> Iterator[None]:
    """Build expressions that answer null where they could not be computed: 1/0 must not stop a stream."""
    before = session.conf.get(ANSI) or "true"
    session.conf.set(ANSI, "false")
    try:
        yield
    finally:
        session.conf.set(ANSI, before)


def checked(silver: DataFrame, text: str, columns: Collection[str]) -> Predicate:
    """Read a predicate and let Spark look at its types; nothing runs.

    Parameters
    ----------
    silver
        Alerts with all columns of the table; no row is read.
    text
        The predicate.
    columns
        Dotted paths that it may read.

    Raises
    ------
    ConfigError
        When it is not allowed, its types do not fit, it is nested too deeply, or it is not true or false.
    """
    predicate = parse_predicate(text, columns, kinds_of(silver.schema))
    try:
        with lenient(silver.sparkSession):
            kind = silver.select(F.expr(predicate.sql)).schema.fields[0].dataType
    except PySparkException as error:
        sentence = " ".join(str(error.getMessage() or error).split("\n")[0].split())
        raise ConfigError(f"the predicate does not fit the columns: {sentence}") from None
    except Py4JError as error:  # what Spark does not catch itself, such as a stack that overflows
        logger.debug("Spark could not look at a predicate", exc_info=error)
        raise ConfigError(TOO_DEEP) from None
    if not isinstance(kind, T.BooleanType):
        raise ConfigError(f"the predicate is a {kind.simpleString()}, not true or false: compare it with something")
    return predicate


def kinds_of(schema: T.StructType) -> dict[str, str]:
    """Return which columns of a schema hold floats or doubles, or arrays of them: dotted path → Spark's type."""
    found = {path: kind for field in schema.fields for path, kind in _leaves(field.name, field.dataType, "{}")}
    return {path: kind for path, kind in found.items() if kind.removeprefix("array<").removesuffix(">") in FLOATS}


def _leaves(path: str, kind: T.DataType, shape: str) -> Iterator[tuple[str, str]]:
    if isinstance(kind, T.ArrayType):
        yield from _leaves(path, kind.elementType, f"array<{shape}>")
    elif isinstance(kind, T.StructType):
        for field in kind.fields:
            yield from _leaves(f"{path}.{field.name}", field.dataType, shape)
    else:
        yield path, shape.format(kind.simpleString())


def runnable(silver: DataFrame, events: Sequence[Event], columns: Collection[str]) -> list[tuple[Event, Predicate]]:
    """Return the filters that can run on these columns; each of the others is named in the log, and left out.

    Parameters
    ----------
    silver
        Alerts with all columns of the table; no row is read.
    events
        The versions of filters that are active.
    columns
        Dotted paths that a predicate may read.

    Returns
    -------
    Each with its predicate, in the order of the events.
    """
    found = []
    for one in events:
        try:
            found.append((one, checked(silver, one.predicate, columns)))
        except ConfigError as error:
            logger.error("user filter left out filter=%s version=%d: %s", one.name, one.version, error)  # noqa: TRY400
    return found


def selecting(users: Sequence[tuple[Event, Predicate]]) -> Column:
    """Return the names of the filters that select a row, as an array; a null answer is no."""
    names = [F.when(F.expr(predicate.sql), F.lit(one.name)) for one, predicate in users]
    return F.array_compact(F.array(*names)) if names else F.array().cast("array<string>")
