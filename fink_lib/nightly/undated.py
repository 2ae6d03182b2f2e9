"""The night null: messages that belong to no night, because nothing in them tells when they were observed.

Needs no JVM: whoever prints the manifests of a play asks for this entry once the nights are closed.
"""

from collections.abc import Iterable
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from fink_lib.config import Settings
from fink_lib.lake.releases import read_releases, without_replayed
from fink_lib.nightly.equation import Attribution, Equation
from fink_lib.nightly.identify import identify_input
from fink_lib.nightly.lost import read_back
from fink_lib.nightly.offsets import Gap, Held, PartitionAccount, read_marks
from fink_lib.nightly.results import JsonObject
from fink_lib.nightly.snapshot import Table, night_specs, table_version
from fink_lib.nightly.watermarks import TopicReader, Watermarks
from fink_lib.streaming.spec import Stage
from fink_lib.surveys import Survey

KEY = ["kafka_topic", "kafka_partition", "kafka_offset"]


def undated_night(settings: Settings, survey: Survey, topics: Iterable[str]) -> JsonObject:
    """Return the manifest entry of the night null over some input topics.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    """
    chosen = sorted(set(topics))
    with TopicReader(settings) as reader:
        marks = read_marks(reader, chosen)
        kept, undated = _kept(settings, survey, chosen)
        accounts = _accounts(kept, marks)
        missing = read_back(reader, accounts, partial(identify_input, survey))
    lost = sum(count for (_, night), count in missing.by_night.items() if night is None)
    share = Attribution(quarantine=undated, lost=lost)
    named = [message.label for message in missing.named if message.night is None]
    return undated_entry(survey.name, share, named)


def undated_entry(survey: str, share: Attribution, lost: list[str]) -> JsonObject:
    """Write the entry: nothing of it is in bronze, so it has no silver, no topics and no latency."""
    equation = Equation("offered", share.offered, {"bronze": share.bronze, "quarantine": share.quarantine})
    return {
        "survey": survey,
        "night": None,
        "offered": share.offered,
        "bronze": share.bronze,
        "quarantine": share.quarantine,
        "silver": 0,
        "rejected": 0,
        "repeats": 0,
        "published": {},
        "equation_holds": equation.holds,
        "equations": [equation.text],
        "lost": lost,
        "latency_s": {},
        "expectations": {"passed": 0, "failed": 0},
        "critical_failed": [],
        "ok": equation.holds,
    }


def _kept(settings: Settings, survey: Survey, topics: list[str]) -> tuple[pa.Table, int]:
    """Return the offsets that ingest kept of some topics, and how many of them are of no night."""
    specs = night_specs(survey)
    mine = pc.field("kafka_topic").isin(topics)
    released = read_releases(settings.lake, survey)
    parts, undated = [], 0
    for table, condition in ((Table.BRONZE, mine), (Table.QUARANTINE, mine & (pc.field("stage") == Stage.INGEST))):
        path = specs[table].path(settings.lake)
        if table_version(path) is None:
            continue
        dataset = DeltaTable(str(path)).to_pyarrow_dataset()
        rows = dataset.to_table(columns=[*KEY, "night"], filter=condition)
        if table is Table.QUARANTINE:
            rows = without_replayed(rows, released)
        undated += rows.column("night").null_count
        parts.append(rows.select(KEY))
    return (pa.concat_tables(parts) if parts else pa.table({name: [] for name in KEY})), undated


def _accounts(kept: pa.Table, marks: dict[tuple[str, int], Watermarks]) -> list[PartitionAccount]:
    frame = kept.to_pandas()
    held: dict[tuple[str, int], tuple[Held, tuple[Gap, ...]]] = {}
    for (topic, partition), rows in frame.groupby(KEY[:2]):
        held[str(topic), int(partition)] = _held(str(topic), int(partition), rows[KEY[2]].to_numpy())
    nothing: tuple[None, tuple[Gap, ...]] = (None, ())
    return [PartitionAccount(*key, marks.get(key), *held.get(key, nothing)) for key in sorted({*marks, *held})]


def _held(topic: str, partition: int, offsets: np.ndarray) -> tuple[Held, tuple[Gap, ...]]:
    ordered = np.unique(offsets)
    breaks = np.flatnonzero(np.diff(ordered) > 1)
    gaps = tuple(Gap(topic, partition, int(ordered[at]) + 1, int(ordered[at + 1]) - 1) for at in breaks)
    return Held(len(offsets), len(ordered), int(ordered[0]), int(ordered[-1])), gaps
