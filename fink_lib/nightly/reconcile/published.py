"""The third equation: every output topic holds exactly what `published` says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.distribute.counter import is_counter_topic
from fink_lib.distribute.output_topics import is_output_topic
from fink_lib.files import JsonObject
from fink_lib.ingest.identify import identify_output
from fink_lib.kafka.reading import TopicReader, Watermarks
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.pinned import Pinned
from fink_lib.lake.places import Ids, Range, Run, SpansFile, gaps_between, is_gone
from fink_lib.lake.versions import Table
from fink_lib.nightly.reconcile.equation import Equation, Fault, differences
from fink_lib.nightly.reconcile.messages import Ordered, messages
from fink_lib.nightly.reconcile.missing_messages import read_back
from fink_lib.nightly.reconcile.offsets import (
    GAPS_AT_MOST,
    Held,
    PartitionAccount,
    partition_accounts,
    read_marks,
    repeated_messages,
    rows_beyond,
)
from fink_lib.surveys import Survey

Marks = dict[tuple[str, int], Watermarks]


@dataclass(frozen=True)
class PublishedAccount:
    """The output topics and the night's share of them.

    Attributes
    ----------
    equation
        Proved over whole topics, since offsets know no nights; where it holds, the night's own share is told.
    of_night
        Messages of the night by topic; those of filters without one count 0.
    topics
        Watermarks and offsets of each topic's partitions.
    """

    equation: Equation
    of_night: dict[str, int]
    topics: tuple[JsonObject, ...]


def output_marks(reader: TopicReader, survey: Survey, recorded: Iterable[str]) -> Marks:
    """Return the ends of every output topic of the survey: those in Kafka and those that `published` names.

    Parameters
    ----------
    reader
        Connected to Kafka.
    survey
        Whose topics.
    recorded
        Names of topics in `published`.
    """
    ours = {topic for topic in reader.topics() if is_output_topic(topic, survey.name)}
    return read_marks(reader, {*recorded, *ours})


def published_account(
    tables: Pinned,
    reader: TopicReader,
    survey: Survey,
    night: date,
    marks: Marks,
    *,
    ids: Ids | None = None,
    spans: Path | None = None,
) -> PublishedAccount:
    """Set `published` against the output topics; `marks` were read before the tables were pinned.

    What the nights before sent is summed up in a file: as long as the whole holds by it, their rows are not read.
    Otherwise all rows are, to name each message that is at fault.

    Parameters
    ----------
    tables, reader, survey, night, marks
        The two sides.
    ids
        Ids of the output topics that exist: what stood on a topic that was deleted and made anew is gone with it, and
        nothing but `published` tells of it.
    spans
        The file; None reads all rows.
    """
    if spans is not None and tables.versions[str(Table.PUBLISHED)] is not None:
        found = summed_up(tables, reader, survey, night, marks, ids=ids or {}, file=SpansFile(spans))
        if found is not None:
            return found
    columns = ("topic", "topic_id", "partition", "offset", "alert_id", "night")
    everything = messages(tables.rows(Table.PUBLISHED, columns))
    found_of_night = _of_night(everything, night)
    gone = _are_gone(everything, ids or {})
    rows = Ordered.of(everything.filter(pc.invert(gone)))
    marks = {**marks, **read_marks(reader, set(found_of_night) - {topic for topic, _ in marks})}
    accounts = partition_accounts(rows, marks)
    missing = read_back(reader, accounts, partial(identify_output, survey))
    beyond = rows_beyond(rows, accounts, reader)
    sent = sum(account.end - account.start for account in accounts) - missing.empty.total() - len(beyond)
    sent += everything.num_rows - rows.rows.num_rows
    faults = differences(
        {
            Fault.SENT_UNRECORDED: (missing.count, missing.named),
            Fault.RECORDED_TWICE: repeated_messages(rows),
            Fault.NEVER_SENT: (len(beyond), beyond),
        }
    )
    whole = Equation("published", sent, {"published": everything.num_rows}, faults)
    return _told(whole, found_of_night, accounts, marks)


def summed_up(
    tables: Pinned, reader: TopicReader, survey: Survey, night: date, marks: Marks, *, ids: Ids, file: SpansFile
) -> PublishedAccount | None:
    """Return the account by the sums of `published`; None when it does not hold by them.

    Parameters
    ----------
    tables
        Tables of the survey, pinned; `published` must exist.
    reader
        Connected to Kafka.
    survey, night
        Whose topics, and of which night the share is told.
    marks
        Ends of output topics; those of further topics in `published` are read.
    ids
        The topics that exist, with their ids.
    file
        Where the sums are kept.
    """
    table = tables.table(Table.PUBLISHED)
    spans = file.of(table)
    if spans.rows != spans.offsets:
        return None
    topics, runs = {topic for topic, *_ in spans.runs}, spans.there(ids)
    marks = {**marks, **read_marks(reader, topics - {topic for topic, _ in marks})}
    accounts = [_account(key, marks.get(key), runs.get(key, [])) for key in sorted({*marks, *runs})]
    if any(one.held and one.marks and one.held.last >= one.marks.high for one in accounts):
        return None  # sent meanwhile, or never: only the rows can tell
    missing = read_back(reader, accounts, partial(identify_output, survey))
    sent = sum(account.end - account.start for account in accounts) - missing.empty.total()
    sent += sum(spans.gone(ids).values())
    whole = Equation("published", sent, {"published": spans.rows})
    if missing.count or not whole.holds:
        return None
    tonight = dataset_of(table).to_table(["topic"], filter=pc.field("night") == pa.scalar(night))
    of_night = dict.fromkeys(sorted(topics), 0) | {
        row["values"]: row["counts"] for row in pc.value_counts(tonight["topic"].combine_chunks()).to_pylist()
    }
    return _told(whole, of_night, accounts, marks)


def _account(key: tuple[str, int], marks: Watermarks | None, runs: list[Run]) -> PartitionAccount:
    """Return the account of a partition whose offsets are known as runs."""
    size = sum(last - first + 1 for first, last in runs)
    held = Held(size, size, runs[0][0], runs[-1][1]) if runs else None
    gaps = islice(gaps_between(runs), GAPS_AT_MOST)
    return PartitionAccount(*key, marks, held, tuple(Range(*key, first, last) for first, last in gaps))


def _told(whole: Equation, found: dict[str, int], accounts: list[PartitionAccount], marks: Marks) -> PublishedAccount:
    """Return what is told of the night, out of the whole."""
    topics = sorted({*found, *(topic for topic, _ in marks)})
    # The counters of other nights come and go; what a night says of itself must not change with them.
    of_night = {topic: found.get(topic, 0) for topic in topics if found.get(topic) or not is_counter_topic(topic)}
    mine = [account for account in accounts if account.topic in of_night]
    return PublishedAccount(_share(whole, sum(of_night.values())), of_night, _facts(mine))


def _share(whole: Equation, rows: int) -> Equation:
    """Return the night's share: every row stands for one message, so the share holds where the whole does.

    A night tells of itself alone, and says the same when other nights have been sent since.
    """
    return Equation(whole.name, rows, {"published": rows}) if whole.holds else whole


def _of_night(rows: pa.Table, night: date) -> dict[str, int]:
    """Count the messages of a night by topic; of topics without one too."""
    tonight = pc.fill_null(pc.equal(rows["night"], pa.scalar(night)), False)
    counted = (
        pa.table({"topic": rows["topic"], "n": tonight.cast(pa.int64())}).group_by("topic").aggregate([("n", "sum")])
    )
    return {row["topic"]: row["n_sum"] for row in counted.to_pylist()}


def _are_gone(rows: pa.Table, ids: Ids) -> pa.ChunkedArray:
    """Tell which messages stood on a topic that was deleted and made anew."""
    pairs = rows.group_by(["topic", "topic_id"]).aggregate([]).to_pylist()
    recorded = {
        topic: {row["topic_id"] for row in pairs if row["topic"] == topic} for topic in {r["topic"] for r in pairs}
    }
    gone = pa.chunked_array([pa.repeat(pa.scalar(False), rows.num_rows)])
    for row in pairs:
        topic, topic_id = row["topic"], row["topic_id"]
        if is_gone(topic_id, recorded[topic], topic, ids):
            its = pc.is_null(rows["topic_id"]) if topic_id is None else pc.equal(rows["topic_id"], topic_id)
            gone = pc.or_(gone, pc.and_(pc.equal(rows["topic"], topic), pc.fill_null(its, False)))
    return gone


def _facts(accounts: list[PartitionAccount]) -> tuple[JsonObject, ...]:
    topics = sorted({account.topic for account in accounts})
    return tuple(
        {"topic": topic, "partitions": [account.as_json() for account in accounts if account.topic == topic]}
        for topic in topics
    )
