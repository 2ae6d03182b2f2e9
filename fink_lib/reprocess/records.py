"""What is on record of the alerts of some nights: who came first, and when each was enriched.

A reprocessing keeps both. An alert that was a first arrival stays one, whatever order the packets are read in, and
a row keeps the time at which the stream enriched it: the same request writes the same rows at any hour.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.enrich.duplicates import Arrivals, Flags, Ints, first_arrivals
from fink_lib.enrich.rows import TIMESTAMP
from fink_lib.enrich.triage import TopicCodes, arrivals_of
from fink_lib.lake.tables import KAFKA_KEY

KEYS = ("alert_id", *KAFKA_KEY)


@dataclass(frozen=True)
class Record:
    """Rows that the stream has written already, in any order.

    Attributes
    ----------
    first
        First arrivals: rows of silver, and of rejected that are no repeats.
    enriched
        `KAFKA_KEY` and `enrich_time` of every row.
    """

    first: pa.Table
    enriched: pa.Table


def join_records(silver: pa.Table, rejected: pa.Table) -> Record:
    """Put together what silver (`KEYS`, `enrich_time`) and rejected (also `is_duplicate`) say.

    Parameters
    ----------
    silver, rejected
        Rows of the same nights.
    """
    columns = [*KAFKA_KEY, "enrich_time"]
    first = rejected.filter(pc.invert(rejected["is_duplicate"])).select(KEYS)
    enriched = pa.concat_tables([silver.select(columns), rejected.select(columns)])
    return Record(pa.concat_tables([silver.select(KEYS), first]).combine_chunks(), enriched.combine_chunks())


def settle_first_arrivals(record: Record, usable: pa.Table, codes: TopicCodes) -> Arrivals:
    """Return the first arrival of every alert of the nights.

    Parameters
    ----------
    record
        What the stream has decided already: it stands.
    usable
        `KEYS` of all packets that can be used; for an alert not on record the lowest position is the first.
    codes
        Integer of each topic, in alphabetical order of the topics.
    """
    known = first_arrivals(arrivals_of(record.first, codes))
    offered = first_arrivals(arrivals_of(usable, codes))
    new = offered.take(~np.isin(offered.alert_id, known.alert_id))
    pairs = ((getattr(known, name), getattr(new, name)) for name in ("alert_id", "topic", "partition", "offset"))
    return first_arrivals(Arrivals(*(np.concatenate(pair) for pair in pairs)))


def codes_of(*tables: pa.Table) -> TopicCodes:
    """Return an integer for each topic, by name: the lowest position does not depend on the order of reading."""
    codes = TopicCodes()
    for topic in sorted({topic for table in tables for topic in pc.unique(table["kafka_topic"]).to_pylist()}):
        _ = codes[topic]
    return codes


def enrich_times(rows: pa.Table, record: pa.Table) -> pa.Array:
    """Return when each row was enriched; a row that never was takes the time of its ingest.

    Parameters
    ----------
    rows
        `KAFKA_KEY` and `ingest_time`.
    record
        `KAFKA_KEY` and `enrich_time`, each position once.
    """
    times = rows["ingest_time"].combine_chunks().cast(TIMESTAMP)
    if not len(record) or not len(rows):
        return times
    found, place = look_up(rows, record)
    kept = record["enrich_time"].combine_chunks().cast(TIMESTAMP).take(pa.array(place))
    return pc.if_else(pa.array(found), kept, times)


def on_record(rows: pa.Table, record: pa.Table) -> Flags:
    """Return which rows have their Kafka position on record.

    Parameters
    ----------
    rows, record
        With the columns of `KAFKA_KEY`; either may be empty.

    Returns
    -------
    One flag a row.
    """
    if not len(record) or not len(rows):
        return np.zeros(len(rows), dtype=bool)
    return look_up(rows, record)[0]


def look_up(rows: pa.Table, record: pa.Table) -> tuple[Flags, Ints]:
    """Return whether each row is on record, and where.

    Parameters
    ----------
    rows
        With the columns of `KAFKA_KEY`.
    record
        With them too; at least one row.

    Returns
    -------
    A flag for each of `rows`, and a row of `record`; where the flag is false that row means nothing.
    """
    codes = codes_of(rows, record)
    known, wanted = _places(record, codes), _places(rows, codes)
    order = known.argsort()
    place = np.minimum(np.searchsorted(known[order], wanted), len(record) - 1)
    return np.asarray(known[order][place] == wanted, dtype=bool), np.asarray(order[place], dtype=np.int64)


def _places(table: pa.Table, codes: TopicCodes) -> npt.NDArray[np.void]:
    """Return Kafka positions as values that sort and compare as one."""
    places = np.empty(len(table), dtype=[("topic", "<i8"), ("partition", "<i8"), ("offset", "<i8")])
    places["topic"] = [codes[topic] for topic in table["kafka_topic"].to_pylist()]
    places["partition"] = table["kafka_partition"].to_numpy()
    places["offset"] = table["kafka_offset"].to_numpy()
    return places
