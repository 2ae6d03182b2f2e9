"""Is a survey drained, and which of its nights need closing? From heartbeats and Delta logs alone, without Spark."""

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
from deltalake.exceptions import DeltaError, TableNotFoundError

from fink_lib.config import Settings
from fink_lib.errors import LakeError
from fink_lib.lake.delta import delta_table
from fink_lib.lake.log import newest_version
from fink_lib.lake.releases import replayed_in_enrich
from fink_lib.lake.tables.spec import full_name
from fink_lib.storage import LakePath
from fink_lib.streams.heartbeat import Heartbeat, StreamState, read_heartbeat
from fink_lib.streams.kinds import KINDS, Stage, supervised_kinds
from fink_lib.streams.spec import StreamSpec

EVENT_FRESH_S = 30.0  # an idle stream tells so every 2 s; after a longer silence nothing is known of it


@dataclass(frozen=True)
class NightCounts:
    """Rows of one night in the two tables that ingest and enrich fill.

    Attributes
    ----------
    bronze, quarantine
        Rows in the night's partition of ``bronze_<s>__alerts`` and ``bronze_<s>__quarantine``.
    replayed
        Alerts of the night that enrich let out of the quarantine.
    """

    bronze: int
    quarantine: int
    replayed: int = 0

    def __str__(self) -> str:
        return f"{self.bronze}+{self.quarantine}" + (f"+{self.replayed}" if self.replayed else "")


def why_not_drained(beats: Mapping[str, Heartbeat | None], now: float, quiet_s: float, silence_s: float) -> str:
    """Return what still keeps a survey from being drained; an empty text when nothing does.

    Parameters
    ----------
    beats
        Last heartbeat of each kind of stream that Airflow supervises.
    now
        Unix time.
    quiet_s
        Seconds without data after which a night counts as over.
    silence_s
        Seconds after which a heartbeat says nothing any more.
    """
    upstream_data_at = 0.0
    for stage in Stage:
        there = {kind: beats.get(kind) for kind in supervised_kinds() if KINDS[kind].stage is stage}
        for kind, beat in there.items():
            if why := _why_busy(beat, upstream_data_at, now, quiet_s, silence_s):
                return f"stream {kind} {why}"
        upstream_data_at = max((beat.last_data_at for beat in there.values() if beat is not None), default=0.0)
    return ""


def _why_busy(beat: Heartbeat | None, upstream_data_at: float, now: float, quiet_s: float, silence_s: float) -> str:
    # What was last heard must be younger than the quiet: a driver that died busy is else taken for a quiet one.
    fresh_s = min(EVENT_FRESH_S, quiet_s / 2)
    if beat is None or beat.state is not StreamState.RUNNING or now - beat.beat_at > silence_s:
        return "does not run"
    if beat.lag:
        return f"is {beat.lag} behind"
    if beat.batch_since:
        return f"has been at work on a batch for {now - beat.batch_since:.0f} s"
    if now - beat.event_at > fresh_s or beat.event_at <= upstream_data_at:
        return "is busy, or has not yet looked at what came last"
    quiet_since = max(beat.last_data_at, beat.started_at)
    if now - quiet_since < quiet_s:
        return f"had data, or started, {now - quiet_since:.0f} s ago; quiet means {quiet_s:.0f} s"
    return ""


def heartbeats(settings: Settings, survey: str) -> dict[str, Heartbeat | None]:
    """Read the heartbeats of the streams of a survey that Airflow supervises.

    Parameters
    ----------
    settings
        Of the home whose streams they are.
    survey
        Name of the survey, which has to be known.

    Returns
    -------
    One for each kind; None where a stream never ran or its heartbeat cannot be read.
    """
    return {kind: read_heartbeat(StreamSpec(survey, kind, settings).paths.heartbeat) for kind in supervised_kinds()}


def survey_not_drained(settings: Settings, survey: str) -> str:
    """Return what keeps the survey from being drained now; an empty text when it is.

    Parameters
    ----------
    settings
        Say after how many seconds without data a night counts as over, and after how many a heartbeat as silent.
    survey
        Name of the survey.
    """
    beats = heartbeats(settings, survey)
    return why_not_drained(beats, time.time(), settings.night_quiet_s, settings.heartbeat_silence_s)


def rows_by_night(table: LakePath, version: int | None = None) -> dict[str, int]:
    """Count the rows of each night partition from the Delta log, at a version when one is given.

    Rows of no night are left out.

    Parameters
    ----------
    table
        Folder of the Delta table.
    version
        Version of the table; None for the newest.

    Returns
    -------
    Night → rows; empty where there is no table.

    Raises
    ------
    LakeError
        When the table has no night partitions, a file of it no row count, or its log no such version.
    """
    return {night: rows for night, rows in _rows(table, version).items() if night is not None}


def rows_in_all(table: LakePath) -> int:
    """Count the rows of a table of nights from the Delta log, those of no night too; none where there is no table.

    Parameters
    ----------
    table
        Folder of the Delta table.

    Raises
    ------
    LakeError
        When the table has no night partitions, or a file of it no row count.
    """
    return _rows(table, None).total()


def _rows(table: LakePath, version: int | None) -> "Counter[str | None]":
    try:
        delta = delta_table(table, version=version)
    except TableNotFoundError:
        return Counter()
    except DeltaError as error:
        raise LakeError(f"table {table.name} cannot be read at version {version}: {error}") from error
    if "night" not in delta.metadata().partition_columns:
        raise LakeError(f"table {table.name} is not partitioned by night: its nights cannot be counted")
    actions = pa.table(delta.get_add_actions(flatten=True))
    counts: Counter[str | None] = Counter()
    for action in actions.select(["path", "partition.night", "num_records"]).to_pylist():
        night, rows = action.get("partition.night"), action.get("num_records")
        if rows is None:
            raise LakeError(f"file {action['path']} of {table.name} has no row count: was it written by this broker?")
        counts[None if night is None else str(night)] += rows
    return counts


def delta_version(table: LakePath) -> int:
    """Return the newest version of a table, -1 where there is none."""
    return newest_version(table)


def counted_nights(settings: Settings, survey: str) -> dict[str, NightCounts]:
    """Return the counts of every night that has rows.

    Parameters
    ----------
    settings
        Tell where the lake is.
    survey
        Name of the survey whose alerts and quarantine are counted.

    Returns
    -------
    Night → counts, in the order of the nights.

    Raises
    ------
    LakeError
        When a table cannot be counted; see `rows_by_night`.
    """
    bronze = rows_by_night(settings.lake / full_name("bronze", survey, "alerts"))
    quarantine = rows_by_night(settings.lake / full_name("bronze", survey, "quarantine"))
    nights, replayed = sorted({*bronze, *quarantine}), replayed_in_enrich(settings.lake, survey)
    counts = {night: NightCounts(bronze.get(night, 0), quarantine.get(night, 0), replayed[night]) for night in nights}
    return {night: count for night, count in counts.items() if count.bronze or count.quarantine}


def closed_counts(settings: Settings, survey: str, night: str) -> NightCounts | None:
    """Return the counts that the night was last closed with, None when it never got as far as being counted.

    Parameters
    ----------
    settings
        Tell where the folders of nights are.
    survey
        Name of the survey.
    night
        YYYY-MM-DD.
    """
    path = settings.night_dir(survey, night) / "manifest.json"
    try:
        rows = json.loads(path.read_text()).get("partition_rows", {})
    except FileNotFoundError:
        return None
    return NightCounts(int(rows["bronze"]), int(rows["quarantine"]), int(rows.get("replayed", 0))) if rows else None


def nights_to_close(settings: Settings, survey: str) -> dict[str, NightCounts]:
    """Return the nights that have rows and no manifest, or other counts than their manifest.

    Parameters
    ----------
    settings
        Tell where the lake and the folders of nights are.
    survey
        Name of the survey.

    Returns
    -------
    Night → counts of now, in the order of the nights.

    Raises
    ------
    LakeError
        When a table cannot be counted; see `rows_by_night`.
    """
    nights = counted_nights(settings, survey)
    return {night: count for night, count in nights.items() if closed_counts(settings, survey, night) != count}


def not_announced(nights: Mapping[str, NightCounts], announced: Mapping[str, str]) -> dict[str, NightCounts]:
    """Leave out the nights that were already announced with these very counts.

    Parameters
    ----------
    nights
        Night → counts of now.
    announced
        Night → the text of the counts that were announced, as ``str`` of `NightCounts` writes them.
    """
    return {night: count for night, count in nights.items() if announced.get(night) != str(count)}


def lake_state(settings: Settings, tables: Sequence[str]) -> tuple[int, ...]:
    """Return the newest version of each table: while it stands still, nothing has to be counted again.

    Parameters
    ----------
    settings
        Tell where the lake is.
    tables
        Full names of tables.

    Returns
    -------
    One version a table, in their order; -1 where there is none.
    """
    return tuple(delta_version(settings.lake / name) for name in tables)
