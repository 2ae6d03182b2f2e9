"""Where each alert of a batch goes: quarantine, repeat, rejected or silver. Every alert goes to one place."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame

from fink_lib.enrich.duplicates import Arrivals, find_repeats
from fink_lib.enrich.seen import SeenNights
from fink_lib.filters.sql import for_spark
from fink_lib.lake.tables import IDENTITY_COLUMNS, KAFKA_COLUMNS
from fink_lib.surveys import Cut, get_survey

Flags = npt.NDArray[np.bool_]

FACTS = (*(one.name for one in (*IDENTITY_COLUMNS, *KAFKA_COLUMNS)), "ingest_time")
FILE = "file"
STAMPS = "stamps"  # whether any module may look at the stamps of an alert

# Without these no row of silver could be found again. Null counts as not fulfilled.
POSSIBLE = (
    ("alert_id IS NOT NULL", "the alert has no identity"),
    ("night IS NOT NULL", "the alert has no night"),
    ("time IS NOT NULL AND NOT isnan(time)", "the alert has no observation time"),
    ("ra >= 0 AND ra <= 360 AND dec >= -90 AND dec <= 90", "the position is not on the sky"),
)


def facts(frame: DataFrame, cuts: Sequence[Cut], survey: str, gate: str = "FALSE") -> DataFrame:
    """Reduce bronze to what decides where an alert goes: identity, position in Kafka, failed cuts, and its file.

    `gate` is the SQL predicate of alerts that bring their stamps.

    Parameters
    ----------
    frame
        Rows of bronze, streaming or not.
    cuts
        Cuts in force.
    survey
        Its name.
    gate
        Null means that an alert brings no stamps.
    """
    return frame.select(
        *FACTS,
        failed_cuts(cuts, survey).alias("reasons"),
        _impossible(survey).alias("impossible"),
        F.col(FILE) if FILE in frame.columns else F.input_file_name().alias(FILE),
        F.coalesce(F.expr(gate), F.lit(False)).alias(STAMPS),
    )


def failed_cuts(cuts: Sequence[Cut], survey: str) -> Column:
    """Return the names of the cuts that an alert fails; a predicate that is null fails, and NaN is missing.

    Parameters
    ----------
    cuts
        Cuts in force.
    survey
        Its name: it tells which columns the predicates stand for.

    Returns
    -------
    A column of lists of names, one an alert; an empty list for an alert that passes.
    """
    kept = {cut.name: F.expr(for_spark(cut.keep, survey)) for cut in cuts}
    names = [F.when(~F.coalesce(keep, F.lit(False)), F.lit(name)) for name, keep in kept.items()]
    return F.array_compact(F.array(*names)).cast("array<string>")


def _impossible(survey: str) -> Column:
    """Return why an alert cannot be used: it could not be found again, or one of its values would stop its night."""
    grave = [rule for rule in get_survey(survey).rules if rule.severity == "critical"]
    tests = [*POSSIBLE, *((for_spark(rule.holds, survey), f"{rule.name}: {rule.meaning}") for rule in grave)]
    broken = [F.when(~F.coalesce(F.expr(test), F.lit(False)), F.lit(why)) for test, why in tests]
    return F.coalesce(*broken, F.lit(None).cast("string"))


@dataclass(frozen=True)
class Triage:
    """A batch, sorted; the four flags of an alert add up to one.

    Attributes
    ----------
    table
        The facts of every alert of the batch.
    quarantined, repeated, rejected, accepted
        Where each goes.
    """

    table: pa.Table
    quarantined: Flags
    repeated: Flags
    rejected: Flags
    accepted: Flags

    def rows(self, flags: Flags) -> pa.Table:
        """Return the facts of some of the alerts."""
        return self.table.filter(pa.array(flags))


class TopicCodes(dict[str, int]):
    """Gives each topic an integer, in order of appearance; compares equal for equal topics only."""

    def __missing__(self, topic: str) -> int:
        self[topic] = len(self)
        return self[topic]


def arrivals_of(table: pa.Table, codes: TopicCodes) -> Arrivals:
    """Return identity and Kafka position of each row.

    Parameters
    ----------
    table
        Rows with alert_id, kafka_topic, kafka_partition and kafka_offset.
    codes
        Integers of topics; a topic that is new is added.
    """
    topics = table["kafka_topic"].combine_chunks().dictionary_encode()
    table_of_codes = np.array([codes[topic] for topic in topics.dictionary.to_pylist()], dtype=np.int64)
    return Arrivals(
        alert_id=_ints(table["alert_id"]),
        topic=table_of_codes[topics.indices.to_numpy()] if len(table) else np.empty(0, np.int64),
        partition=_ints(table["kafka_partition"]),
        offset=_ints(table["kafka_offset"]),
    )


def nights_of(table: pa.Table) -> npt.NDArray[np.int64]:
    """Return the night of each row, in days since 1970-01-01."""
    return _ints(table["night"].cast(pa.int32()))


def _ints(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    return np.asarray(column.to_numpy(), dtype=np.int64)


def triage(table: pa.Table, seen: SeenNights, codes: TopicCodes) -> Triage:
    """Sort a batch. What cannot be used is set aside first, so that a good copy of it is no repeat.

    Parameters
    ----------
    table
        What `facts` made, as Arrow.
    seen
        First arrivals on record; the nights of the batch are loaded, the batch itself is not added.
    codes
        Integers of topics; a topic that is new is added.

    Returns
    -------
    Flags of shape (rows of the table,).
    """
    quarantined = table["impossible"].is_valid().to_numpy()
    failed = pc.list_value_length(table["reasons"]).to_numpy() > 0
    usable = np.flatnonzero(~quarantined)
    repeated = np.zeros(len(quarantined), dtype=bool)
    rest = table.take(pa.array(usable))
    arrivals, nights = arrivals_of(rest, codes), nights_of(rest)
    seen.hold(np.unique(nights).tolist())
    for night in np.unique(nights):
        here = np.flatnonzero(nights == night)
        repeated[usable[here]] = find_repeats(arrivals.take(here), *seen.of(int(night)))
    rejected = ~quarantined & ~repeated & failed
    return Triage(table, quarantined, repeated, rejected, ~quarantined & ~repeated & ~rejected)


def record(sorted_batch: Triage, seen: SeenNights, codes: TopicCodes) -> None:
    """Remember the first arrivals of a batch that has been committed.

    Parameters
    ----------
    sorted_batch
        What `triage` returned; the accepted and the rejected are remembered.
    seen
        Where they are remembered.
    codes
        The integers of topics that `triage` was given.
    """
    first = sorted_batch.rows(sorted_batch.rejected | sorted_batch.accepted)
    arrivals, nights = arrivals_of(first, codes), nights_of(first)
    for night in np.unique(nights):
        seen.add(int(night), arrivals.take(nights == night))
