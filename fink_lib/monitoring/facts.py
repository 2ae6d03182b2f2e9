"""All that the monitor of a home knows at a moment, and the metrics that it makes of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client.core import GaugeMetricFamily, Metric

from fink_lib.monitoring.surveys import SurveyFacts
from fink_lib.monitoring.unread import Unread
from fink_lib.streams.rows import STATES, StreamRow


@dataclass(frozen=True)
class HomeFacts:
    """A home at a moment.

    Attributes
    ----------
    at
        Unix time of the look.
    streams, behind_s
        Each stream, and for how many seconds it has been behind.
    surveys, unread
        Nights, and messages that wait in Kafka.
    services
        Service → whether it runs and answers.
    disk_free, disk_full_h
        Free bytes, and hours until there are none; None where not known.
    failures
        Part of the look → how often in a row it failed; a part that failed keeps what it said before.
    """

    at: float
    streams: Sequence[StreamRow] = ()
    behind_s: Mapping[str, float] = field(default_factory=dict)
    surveys: Sequence[SurveyFacts] = ()
    unread: Sequence[Unread] = ()
    services: Mapping[str, bool] = field(default_factory=dict)
    disk_free: int | None = None
    disk_full_h: float | None = None
    failures: Mapping[str, int] = field(default_factory=dict)


def metrics(facts: HomeFacts) -> Iterator[Metric]:
    """Yield the metrics of a home."""
    yield _gauge("fink_looked_at_seconds", "Unix time of the monitor's last look", {(): facts.at})
    yield _gauge("fink_look_failures", "How often in a row a part of the look failed",
                 {(part,): times for part, times in facts.failures.items()}, "part")  # fmt: skip
    yield from _of_streams(facts)
    yield from _of_surveys(facts.surveys)
    yield from _of_unread(facts.unread)
    yield _gauge("fink_service_up", "1 while a service of the home runs and answers",
                 {(name,): float(up) for name, up in facts.services.items()}, "service")  # fmt: skip
    if facts.disk_free is not None:
        yield _gauge("fink_disk_free_bytes", "Free room of the disk that holds the home", {(): facts.disk_free})
    if facts.disk_full_h is not None:
        yield _gauge(
            "fink_disk_full_hours", "Hours until that disk is full, as it filled lately", {(): facts.disk_full_h}
        )


def _of_streams(facts: HomeFacts) -> Iterator[Metric]:
    rows = facts.streams
    yield _gauge("fink_stream_state", "1 for the state that a stream is in",
                 {(row.name, state): float(row.state == state) for row in rows for state in STATES},
                 "stream", "state")  # fmt: skip
    yield _gauge("fink_stream_restarts", "Drivers that were started since the stream last got on",
                 {(row.name,): row.restarts for row in rows}, "stream")  # fmt: skip
    yield _gauge("fink_stream_lag", "Input known and not done: messages (ingest) or commits",
                 {(row.name,): row.lag for row in rows if row.lag is not None}, "stream")  # fmt: skip
    yield _gauge("fink_stream_behind_seconds", "For how long a stream has had input that it has not done",
                 {(name,): since for name, since in facts.behind_s.items()}, "stream")  # fmt: skip
    yield _gauge("fink_stream_rows_per_second", "Rate of the last micro-batch that had rows",
                 {(row.name,): row.rows_per_s for row in rows}, "stream")  # fmt: skip
    yield _gauge("fink_stream_beat_age_seconds", "Age of the last heartbeat",
                 {(row.name,): row.beat_age_s for row in rows}, "stream")  # fmt: skip


def _of_surveys(surveys: Sequence[SurveyFacts]) -> Iterator[Metric]:
    def by_survey(name: str, meaning: str, values: Mapping[str, float | None]) -> Metric:
        return _gauge(name, meaning, {(one,): value for one, value in values.items() if value is not None}, "survey")

    yield by_survey("fink_last_closed_night_hours", "Hours since the newest night whose books balance was closed",
                    {one.survey: one.last_closed_h for one in surveys})  # fmt: skip
    yield by_survey("fink_night_waiting_hours", "For how long the oldest night that waits to be closed has been over",
                    {one.survey: max(one.waiting.values(), default=0.0) for one in surveys})  # fmt: skip
    yield _gauge("fink_night_latency_seconds", "What a stage took in the newest night whose books balance",
                 {(one.survey, stage, name.replace("p", "0.")): seconds
                  for one in surveys for stage, found in one.latency_s.items()
                  for name, seconds in found.items() if seconds is not None},
                 "survey", "stage", "quantile")  # fmt: skip
    yield by_survey("fink_nights_red", "Nights that were closed and do not balance, or have a critical failure",
                    {one.survey: len(one.red) for one in surveys})  # fmt: skip
    yield by_survey("fink_quarantine_ratio", "Share of the newest night's messages that could not be used",
                    {one.survey: one.quarantine_ratio for one in surveys})  # fmt: skip
    yield by_survey("fink_repeat_ratio", "Share of the newest night's alerts that had arrived before",
                    {one.survey: one.repeat_ratio for one in surveys})  # fmt: skip
    yield by_survey("fink_losses_open", "Messages that are gone and that nobody has accepted",
                    {one.survey: sum(loss.place.size for loss in one.losses) for one in surveys})  # fmt: skip


def _of_unread(waiting: Sequence[Unread]) -> Iterator[Metric]:
    yield _gauge("fink_unread_messages", "Messages of a topic that ingest has not read",
                 {(one.survey, one.topic): one.messages for one in waiting}, "survey", "topic")  # fmt: skip
    hours: dict[tuple[str, ...], float] = {
        (one.survey, one.topic): one.expires_h for one in waiting if one.expires_h is not None
    }
    yield _gauge("fink_unread_expires_hours", "Hours until Kafka may delete the oldest message that was not read",
                 hours, "survey", "topic")  # fmt: skip


def _gauge(name: str, meaning: str, values: Mapping[tuple[str, ...], float], *labels: str) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=labels)
    for of, value in values.items():
        family.add_metric(of, value)
    return family
