"""Measure what an alert costs beside a history: on the first night, on the thirtieth, and after 100,000 commits.

What is measured is done in process: the judging of an alert by ingest, which knows no history, and the books that the
drivers of streams and a closing keep and ask, of places, repeats, messages, versions and nights, which could know one.
Only counts and processor time are compared, of both together; of the books alone they are told.
"""

import datetime as dt
import json
import shutil
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from fink_lib.bench.history_lake import TONIGHT, MadeLake, arrivals
from fink_lib.bench.opened import Counts, Watched
from fink_lib.bench.stamped import Stamped, judge_all, judge_stamped
from fink_lib.config import Settings
from fink_lib.distribute.ledger import Ledger
from fink_lib.enrich.duplicates import NO_ARRIVALS, find_repeats
from fink_lib.enrich.seen import SeenNights
from fink_lib.ingest.judge import Judge
from fink_lib.lake.pinned import Pinned
from fink_lib.lake.places import Held, Places, ranges_of
from fink_lib.lake.tables import gold_tracklets
from fink_lib.maintenance.log import clean_logs
from fink_lib.nightly.reconcile.published import published_account
from fink_lib.nightly.statistics.history import recent
from fink_lib.streams.drain import delta_version, nights_to_close
from fink_lib.streams.lag import delta_versions_behind
from fink_lib.surveys import Survey
from fink_lib.surveys.tables import night_specs

Say = Callable[[str], None]
NIGHTS, BATCH, WITHIN = 30, 2000, 0.1
COMMIT_DAYS = 300.0  # over which the 100,000 commits were made
AT_ONCE = 256  # messages, as Spark hands them to a worker
JUDGED = "judged"
COMPARED = ("files", "entries", "bytes", "cpu_ms")
FIRST, LATER, LONG, UNCLEANED = "first night", "night 30", "long log", "long log, never cleaned"


@dataclass(frozen=True)
class HistoryReport:
    """Figures of one run.

    Attributes
    ----------
    alerts, commits
        Of a night; entries that the log of a table has in the third lake.
    lakes
        Lake → part of the work (start of the streams, batches, closing) → counts.
    per_alert
        Lake → all of it, for one alert.
    ratio, books_ratio
        Count → the most over the least of the first three lakes: of all, and of the books alone.
    stamped
        What containers cost whose headers all differ.
    """

    alerts: int
    commits: int
    lakes: Mapping[str, Mapping[str, Counts]]
    per_alert: Mapping[str, Counts]
    ratio: Mapping[str, float]
    books_ratio: Mapping[str, float]
    stamped: Stamped

    @property
    def holds(self) -> bool:
        """Whether no count of the three lakes is further from another one than allowed."""
        return all(ratio <= 1 + WITHIN for ratio in self.ratio.values())

    def as_json(self) -> str:
        """Return everything as a JSON object."""
        return json.dumps({"what": "history", "holds": self.holds, **asdict(self)}, indent=1)


def run_history(
    settings: Settings, survey: Survey, packet: bytes, alerts: int, commits: int, *, say: Say = print
) -> HistoryReport:
    """Make the lakes, one after the other, and measure on each the same night.

    Parameters
    ----------
    settings
        Each lake has a home of its own beside their cache, which is removed afterwards.
    survey
        Whose alerts.
    packet
        A real message, which is judged again and again.
    alerts
        Of each night.
    commits
        Entries that a long log has.
    say
        Receives a line for each lake.
    """
    lakes: dict[str, dict[str, Counts]] = {}
    settings.cache.mkdir(parents=True, exist_ok=True)
    for name in (FIRST, FIRST, LATER, LONG, UNCLEANED):  # the first one twice: code that is loaded once costs once
        home = Path(tempfile.mkdtemp(prefix="bench-history-", dir=settings.cache.parent))
        try:
            lake = MadeLake(settings.at_home(home), survey, alerts)
            say(f"making the lake of the {name}")
            prepare(lake, name, commits)
            lakes[name] = measure(lake, packet)
        finally:
            shutil.rmtree(home, ignore_errors=True)
    whole = {name: sum(parts.values(), Counts()).per(alerts) for name, parts in lakes.items()}
    books = {
        name: sum((counts for part, counts in parts.items() if part != JUDGED), Counts())
        for name, parts in lakes.items()
    }
    return HistoryReport(alerts, commits, lakes, whole, ratios(whole), ratios(books), judge_stamped(survey, packet))


def ratios(lakes: Mapping[str, Counts]) -> dict[str, float]:
    """Return, of each count, the most over the least of the lakes that are compared."""
    found = {name: [getattr(lakes[lake], name) for lake in (FIRST, LATER, LONG)] for name in COMPARED}
    return {name: round(max(each) / max(min(each), 1e-9), 3) for name, each in found.items()}


def prepare(lake: MadeLake, name: str, commits: int) -> None:
    """Make the nights before, the logs that they left, and what maintenance leaves of these.

    Parameters
    ----------
    lake
        An empty one.
    name
        Which of the four lakes it becomes: `FIRST`, `LATER`, `LONG` or `UNCLEANED`.
    commits
        Entries that a long log has.
    """
    if name != FIRST:
        for back in range(NIGHTS - 1, 0, -1):
            lake.add_night(TONIGHT - dt.timedelta(days=back))
    if name in (LONG, UNCLEANED):
        lake.lengthen(commits, COMMIT_DAYS)
    if name != UNCLEANED:
        clean_logs(lake.settings, dt.datetime.now(dt.UTC))
    Streams(lake).start()  # the night before: what it sums up is there
    close(lake)


def measure(lake: MadeLake, packet: bytes) -> dict[str, Counts]:
    """Do the night: streams that start, batches that are judged and booked, and the closing.

    Parameters
    ----------
    lake
        With the nights before.
    packet
        A real message, which stands for each that arrives.

    Returns
    -------
    Part of the work → counts: ``start``, ``judged``, ``batches`` and ``closing``.
    """
    counts = {part: Counts() for part in ("start", "closing")}
    judged = Judging(lake, packet)
    parts = np.split(np.arange(lake.per_night), range(BATCH, lake.per_night, BATCH))
    batches: dict[str, list[Counts]] = {JUDGED: [], "batches": []}
    with Watched(lake.settings.home) as watched:
        streams = Streams(lake)
        streams.batch(parts[0])  # makes the folders of the night
        with watched.counting(counts["start"]):
            streams = Streams(lake)
            streams.start()
        for ids in parts[1:]:
            lake.arrive(TONIGHT, ids)
            sent = lake.messages(TONIGHT, ids)
            for part, work in ((JUDGED, partial(judged, len(ids))), ("batches", partial(streams.books, ids, sent))):
                batches[part].append(Counts())
                with watched.counting(batches[part][-1]):
                    work()
        with watched.counting(counts["closing"]):
            close(lake)
    return counts | {part: of_batches(each) for part, each in batches.items()}


def of_batches(counts: Sequence[Counts]) -> Counts:
    """Add up batches; processor time by their median, since other work of the machine disturbs single ones."""
    return replace(sum(counts, Counts()), cpu_ms=statistics.median(one.cpu_ms for one in counts) * len(counts))


class Judging:
    """Reads messages, of a file instead of Kafka, and judges them as a worker of ingest does."""

    def __init__(self, lake: MadeLake, packet: bytes) -> None:
        self._judge, self._size = Judge(lake.survey, None), len(packet)
        self._file = lake.settings.home / "messages"
        self._file.write_bytes(packet * BATCH)
        self(1)  # what is compiled once costs once

    def __call__(self, alerts: int) -> None:
        """Judge so many."""
        with self._file.open("rb") as file:
            messages = [file.read(self._size) for _ in range(alerts)]
        for start in range(0, alerts, AT_ONCE):
            judge_all(self._judge, messages[start : start + AT_ONCE])


class Streams:
    """What the drivers of the streams keep of what was done, and ask before they do more."""

    def __init__(self, lake: MadeLake) -> None:
        self._lake, root = lake, lake.settings.lake
        self._bronze = lake.bronze.path(root)
        self._places = Places([Held(self._bronze)])
        self._seen = SeenNights(lambda _night: NO_ARRIVALS, lake.settings.home / "runs")
        self._ledger = Ledger(lake.published, root, lake.settings.home / "stream_spans.json")

    def start(self) -> None:
        """Look where topics and partitions end, and which version a table has."""
        self._ledger.next_offsets({})
        self._ledger.load([TONIGHT])
        self._places.mark(self._lake.survey.topic_of(TONIGHT), 0)
        delta_version(self._bronze)

    def batch(self, ids: "np.typing.NDArray[np.int64]") -> None:
        """Let alerts arrive and leave."""
        self._lake.arrive(TONIGHT, ids)
        self.books(ids, self._lake.messages(TONIGHT, ids))

    def books(self, ids: "np.typing.NDArray[np.int64]", sent: list) -> None:  # type: ignore[type-arg]
        """Keep the books of a batch.

        Parameters
        ----------
        ids
            Ids of the alerts of the batch, which are in bronze.
        sent
            Their messages, as `MadeLake.messages` returns them.
        """
        topic = pa.array([self._lake.survey.topic_of(TONIGHT)] * len(ids))
        rows = pa.table({"kafka_topic": topic, "kafka_partition": pa.array(ids % 4), "kafka_offset": pa.array(ids)})
        self._places.advance(one for one, _ in ranges_of(rows))
        night, mine = (TONIGHT - dt.date(1970, 1, 1)).days, arrivals(ids)
        self._seen.hold([night])
        find_repeats(mine, *self._seen.of(night))
        self._seen.add(night, mine)
        self._ledger.load([TONIGHT])
        due = [one for one in sent if not self._ledger.was_sent(TONIGHT, one.facts.alert_id, one.facts.filter)]
        self._ledger.record(due)
        delta_versions_behind(self._bronze, {"reservoirVersion": delta_version(self._bronze)})


def close(lake: MadeLake) -> None:
    """Do what a closing does with the nights before: the third equation, tracklets, and which nights are open."""
    settings, survey = lake.settings, lake.survey
    spans = settings.home / "spans.json"
    tables = Pinned.now(night_specs(survey), settings.lake)
    account = published_account(tables, lake.kafka, survey, TONIGHT, {}, spans=spans)  # type: ignore[arg-type]
    if not account.equation.holds:
        raise AssertionError(account.equation.text)
    nights_to_close(settings, survey.name)
    recent(gold_tracklets(survey.name), settings.lake, survey.name, TONIGHT)
