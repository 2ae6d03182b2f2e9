"""Which alerts of a micro-batch leave, and by which filters: one Arrow pass over the declared inputs."""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyspark.sql.functions as F
import pyspark.sql.types as T
from pyspark.sql import Column, DataFrame

from fink_lib.errors import ConfigError
from fink_lib.filters.base import Batch, Filter
from fink_lib.filters.columns import as_array
from fink_lib.filters.evaluate import evaluate
from fink_lib.filters.registry import inputs_of
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.surveys import Survey

ROWS_AT_ONCE = 5000  # of a batch's answer that are Python objects at one time

logger = logging.getLogger(__name__)

Key = tuple[str, int, int]
"""Where an alert arrived: topic, partition, offset."""

HEAD = ("night", "alert_id", "object_id", *KAFKA_KEY, "kafka_time", "ingest_time", "enrich_time")
USERS = "user_filters"  # names of the users' filters that select an alert
VERDICT = T.StructType(
    [
        T.StructField("filters", T.ArrayType(T.StringType())),
        T.StructField("failures", T.ArrayType(T.StringType())),
    ]
)


@dataclass(frozen=True)
class Match:
    """An alert and what the filters said of it; times in UTC.

    Attributes
    ----------
    night, alert_id, object_id
        Identity of the alert.
    key
        Where it arrived.
    kafka_time, ingest_time, enrich_time
        When it arrived, was stored, was enriched.
    filters
        Names of the filters that selected it.
    suffix
        What the broker adds to its packet, as Avro; None where that was not asked for, or no filter selected it.
    private
        True when its packet has points that must not leave.
    """

    night: dt.date
    alert_id: int
    object_id: str | None
    key: Key
    kafka_time: dt.datetime | None
    ingest_time: dt.datetime | None
    enrich_time: dt.datetime | None
    filters: tuple[str, ...]
    suffix: bytes | None = None
    private: bool | None = None


@dataclass(frozen=True)
class Raised:
    """An alert that a filter could not judge.

    Attributes
    ----------
    night, alert_id
        The alert.
    filter
        Name of the filter.
    reason
        Type and text of what was raised.
    """

    night: dt.date
    alert_id: int
    filter: str
    reason: str


@dataclass(frozen=True)
class FilterResult:
    """What the filters said of a micro-batch.

    Attributes
    ----------
    matches
        Alerts, in no order.
    raised
        Every alert that a filter could not judge.
    """

    matches: list[Match]
    raised: list[Raised]


def is_public(survey: Survey) -> Column:
    """Return the predicate of alerts that may leave; null means no."""
    return F.coalesce(F.expr(survey.public), F.lit(False))


def narrow(
    silver: DataFrame,
    survey: Survey,
    filters: Sequence[Filter],
    users: Column | None = None,
) -> DataFrame:
    """Keep the public alerts, their identity and the filters' inputs: nothing else of silver is read.

    Parameters
    ----------
    silver
        Alerts, streaming or not.
    survey
        Whose.
    filters
        The broker's own filters.
    users
        Names of the users' filters that select an alert.

    Raises
    ------
    ConfigError
        When a filter reads a column that silver does not have.
    """
    there = paths_of(silver.schema)
    for chosen in filters:
        for path in chosen.inputs:
            if path not in there:
                raise ConfigError(f"filter '{chosen.name}' reads '{path}', which silver does not have: correct inputs")
    inputs = [F.col(path).alias(_column(n)) for n, path in enumerate(inputs_of(filters)) if path in there]
    by_users = F.array().cast("array<string>") if users is None else users
    return silver.where(is_public(survey)).select(*HEAD, by_users.alias(USERS), *inputs)


def _column(number: int) -> str:
    """Name an input by its place: a dotted path would be taken for a field of a struct."""
    return f"input_{number}"


def paths_of(schema: T.StructType) -> frozenset[str]:
    """Return every column of a schema as a dotted path, through structs and arrays of structs."""
    return frozenset(path for field in schema.fields for path in _paths(field.name, field.dataType))


def _paths(path: str, kind: T.DataType) -> Iterator[str]:
    yield path
    inner = kind.elementType if isinstance(kind, T.ArrayType) else kind
    if isinstance(inner, T.StructType):
        for field in inner.fields:
            yield from _paths(f"{path}.{field.name}", field.dataType)


def arrays_of(rows: pa.RecordBatch | pa.Table, paths: Sequence[str]) -> Batch:
    """Return the inputs of filters as they see them.

    Parameters
    ----------
    rows
        Rows of what `narrow` made.
    paths
        `inputs_of` of the filters that it was made for.
    """
    there = {_column(n): path for n, path in enumerate(paths)}
    return {there[name]: as_array(rows.column(name)) for name in rows.schema.names if name in there}


def heads(alerts: pa.Table) -> list[Match]:
    """Return alerts without judging them.

    Parameters
    ----------
    alerts
        Columns of `HEAD`.
    """
    return [match_of(row, ()) for row in alerts.select(HEAD).to_pylist()]


def _judge(filters: Sequence[Filter]) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return the function that Spark runs over Arrow batches; it yields the rows that matter."""

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        there = inputs_of(filters)
        for rows in batches:
            judged = evaluate(filters, arrays_of(rows, there), rows.num_rows)
            failures: list[list[str]] = [[] for _ in range(rows.num_rows)]
            for failure in judged.failures:
                failures[failure.row].append(f"{failure.filter}: {failure.error}")
            names = [[*own, *users] for own, users in zip(judged.names, rows.column(USERS).to_pylist(), strict=True)]
            told = [bool(chosen or errors) for chosen, errors in zip(names, failures, strict=True)]
            texts = pa.list_(pa.string())
            verdict = [pa.array(names, texts), pa.array(failures, texts)]
            head = rows.select(list(HEAD))
            yield pa.RecordBatch.from_arrays([*head.columns, *verdict], names=[*HEAD, *VERDICT.fieldNames()]).filter(
                pa.array(told, pa.bool_())
            )

    return run


def judge(batch: DataFrame, filters: Sequence[Filter]) -> FilterResult:
    """Evaluate all filters over narrowed alerts; log and count those that raised.

    Parameters
    ----------
    batch
        What `narrow` made.
    filters
        The broker's own filters.
    """
    shape = T.StructType([*(batch.schema[name] for name in HEAD), *VERDICT.fields])
    told = batch.mapInArrow(_judge(filters), shape).toArrow()
    matches: list[Match] = []
    raised: list[Raised] = []
    for part in told.to_batches(max_chunksize=ROWS_AT_ONCE):
        for row in part.to_pylist():
            raised += [raised_of(row, *_told(text)) for text in row["failures"]]
            if row["filters"]:
                matches.append(match_of(row, row["filters"]))
    log_raised(raised)
    return FilterResult(matches, raised)


def _told(text: str) -> tuple[str, str]:
    name, _, reason = text.partition(": ")
    return name, reason


def match(batch: DataFrame, filters: Sequence[Filter]) -> list[Match]:
    """Return the alerts that at least one filter selected.

    Parameters
    ----------
    batch
        What `narrow` made.
    filters
        The broker's own filters.
    """
    return judge(batch, filters).matches


def match_of(
    head: Mapping[str, Any], filters: Sequence[str], suffix: bytes | None = None, *, private: bool | None = None
) -> Match:
    """Return an alert and what the filters said of it, from its columns of `HEAD`.

    Parameters
    ----------
    head
        The columns of `HEAD` of one alert; others are passed over.
    filters
        Names of the filters that selected it.
    suffix
        What the broker adds to its packet, as Avro; None where that was not asked for.
    private
        Whether its packet has points that must not leave; None where that was not asked for.
    """
    return Match(
        **{name: head[name] for name in ("night", "alert_id", "object_id")},
        key=tuple(head[name] for name in KAFKA_KEY),
        **{name: head[name] for name in ("kafka_time", "ingest_time", "enrich_time")},
        filters=tuple(filters),
        suffix=suffix,
        private=private,
    )


def raised_of(head: Mapping[str, Any], name: str, reason: str) -> Raised:
    """Return that a filter could not judge an alert.

    Parameters
    ----------
    head
        At least night and alert_id of the alert.
    name
        Name of the filter.
    reason
        Type and text of what was raised.
    """
    return Raised(head["night"], head["alert_id"], name, reason)


def log_raised(raised: Sequence[Raised]) -> None:
    """Say once a batch, for each filter that raised, on how many alerts and how the first one went."""
    counts = Counter(one.filter for one in raised)
    first = {one.filter: one for one in reversed(raised)}
    for name, count in counts.items():
        told = f"alert_id={first[name].alert_id} error={first[name].reason}"
        logger.error("filter raised filter=%s alerts=%d first: %s", name, count, told)
