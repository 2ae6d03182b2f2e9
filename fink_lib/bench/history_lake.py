"""A made lake of some nights, as streams and closings leave it, whose logs can be made as long as one likes."""

import datetime as dt
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from fink_lib.config import Settings
from fink_lib.distribute.counter import COUNTER, counter_topic
from fink_lib.enrich.duplicates import Arrivals
from fink_lib.kafka.message import Facts, Sent
from fink_lib.kafka.reading import Watermarks
from fink_lib.lake.log import LOG, POINTER, entry, newest_version
from fink_lib.lake.small import ensure_small, replace_rows
from fink_lib.lake.tables import gold_published, gold_tracklets
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.storage import on_disk
from fink_lib.surveys import Survey
from fink_lib.surveys.tables import bronze_spec
from fink_lib.testing.nights import FakeKafka

TONIGHT = dt.date(2026, 3, 1)
AT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
FILTER, FILTER_TOPIC, SELECTED_ONE_IN = "a", "fink_a_ztf", 20
LINKED = 200  # alerts of tracklets, a night
NOTHING = '{"commitInfo":{"timestamp":1700000000000,"operation":"WRITE","operationParameters":{}}}\n'
LINKS = 30_000  # of one file: a file system has a limit


@dataclass
class MadeLake:
    """The lake, and the Kafka that it would have been sent to.

    Attributes
    ----------
    settings, survey
        The home, and whose alerts.
    per_night
        Alerts of each night.
    kafka
        Ends of the output topics.
    """

    settings: Settings
    survey: Survey
    per_night: int
    kafka: FakeKafka = field(default_factory=FakeKafka)

    def __post_init__(self) -> None:
        for spec in (self.bronze, self.published):
            ensure_small(spec, self.settings.lake)

    @property
    def bronze(self) -> TableSpec:
        """The table that ingest writes."""
        return bronze_spec(self.survey)

    @property
    def published(self) -> TableSpec:
        """The table that distribute writes."""
        return gold_published(self.survey.name)

    def add_night(self, night: dt.date) -> None:
        """Add a night that is over, compacted, with its tracklets."""
        ids = np.arange(self.per_night)
        self.arrive(night, ids)
        counted, chosen = (
            (counter_topic(self.survey.name, night), COUNTER, ids),
            (FILTER_TOPIC, FILTER, ids[::SELECTED_ONE_IN]),
        )
        columns: dict[str, list[object]] = {name: [] for name in ("topic", "filter", "alert_id", "offset")}
        for topic, by, mine in (counted, chosen):
            end = self.kafka.ends.get((topic, 0), Watermarks(0, 0)).high
            self.kafka.ends[topic, 0] = Watermarks(0, end + len(mine))
            places = (topic,), (by,), mine.tolist(), range(end, end + len(mine))
            for name, values in zip(columns, places, strict=True):
                columns[name] += list(values) * (len(mine) if len(values) == 1 else 1)
        whole = len(columns["offset"])
        self._append(self.published, {**columns, "night": [night] * whole, "partition": [0] * whole})
        linked = [{"night": night, "alert_id": number} for number in range(LINKED)]
        replace_rows(gold_tracklets(self.survey.name), self.settings.lake, linked, {"night": night.isoformat()})

    def arrive(self, night: dt.date, ids: "np.typing.NDArray[np.int64]") -> None:
        """Append alerts to bronze, at the offsets of their ids.

        Parameters
        ----------
        night
            Of the alerts.
        ids
            Their ids; four partitions take turns.
        """
        places = {"kafka_topic": [self.survey.topic_of(night)] * len(ids), "kafka_partition": ids % 4}
        self._append(self.bronze, {"night": [night] * len(ids), "alert_id": ids, "kafka_offset": ids, **places})

    def messages(self, night: dt.date, ids: "np.typing.NDArray[np.int64]") -> list[Sent]:
        """Send alerts: each to the counter, some by a filter; return what came to stand where.

        Parameters
        ----------
        night
            Of the alerts.
        ids
            Their ids; one in `SELECTED_ONE_IN` is selected by the filter.
        """
        sent = []
        for number in ids.tolist():
            for by in (COUNTER, FILTER) if number % SELECTED_ONE_IN == 0 else (COUNTER,):
                topic = FILTER_TOPIC if by == FILTER else counter_topic(self.survey.name, night)
                end = self.kafka.ends.get((topic, 0), Watermarks(0, 0)).high
                self.kafka.ends[topic, 0] = Watermarks(0, end + 1)
                sent.append(Sent(Facts(night, number, "ZTF26a", by, "1", AT, AT, AT, "0"), topic, 0, end, AT))
        return sent

    def lengthen(self, commits: int, days: float) -> None:
        """Make the logs so long, with entries that add nothing, written over so many days, and a checkpoint a day.

        Parameters
        ----------
        commits
            Entries that each log has afterwards.
        days
            Over how many days, up to now, the checkpoints are dated.
        """
        for spec in (self.bronze, self.published):
            lengthen(spec.path(on_disk(self.settings.lake, "a bench")), commits, days)

    def _append(self, spec: TableSpec, columns: "dict[str, object]") -> None:
        rows = len(next(iter(columns.values())))  # type: ignore[arg-type]  # columns have a length
        arrays = [
            pa.array(columns[one.name], one.type) if one.name in columns else pa.nulls(rows, one.type)
            for one in spec.plain_schema
        ]
        write_deltalake(str(spec.path(self.settings.lake)), pa.table(arrays, schema=spec.plain_schema), mode="append")


def arrivals(ids: "np.typing.NDArray[np.int64]") -> Arrivals:
    """Return alerts as enrich sees them arrive."""
    return Arrivals(ids, np.zeros(len(ids), np.int64), ids % 4, ids)


def lengthen(table: Path, commits: int, days: float) -> None:
    """Add entries that change nothing up to a version; the state of the last checkpoint is that of each later one.

    Parameters
    ----------
    table
        Folder of the table, on a local disk.
    commits
        Entries of the log afterwards, more than it has.
    days
        Over how many days, up to now, the checkpoints are dated.
    """
    DeltaTable(table).create_checkpoint()
    log, first = table / LOG, newest_version(table) + 1
    state, pointer = log / f"{first - 1:020d}.checkpoint.parquet", json.loads((log / POINTER).read_text())
    now, spacing = dt.datetime.now(dt.UTC).timestamp(), days * 86400 / (commits - first)
    for start in range(first, commits, LINKS):
        entry(table, start).write_text(NOTHING)
        for version in range(start + 1, min(start + LINKS, commits)):
            entry(table, version).hardlink_to(entry(table, start))
    for back in range(int(days) + 1):
        version = commits - 1 - int(back * 86400 / spacing)
        if version < first:
            break
        copy = log / f"{version:020d}.checkpoint.parquet"
        shutil.copy(state, copy)
        os.utime(copy, (now - back * 86400,) * 2)
    (log / POINTER).write_text(json.dumps({**pointer, "version": commits - 1}))
