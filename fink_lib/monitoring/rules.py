"""Every alarm, once: what fires it, what it means, what to do. Prometheus' rules and the page are made of this."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

HOUR_S = 3600.0


class Severity(StrEnum):
    """How soon a person is needed."""

    CRITICAL = "critical"  # now: alerts are lost, or will be today
    WARNING = "warning"  # in the next working hours


class Compare(StrEnum):
    """How a sample is compared with the limit."""

    ABOVE = ">"
    BELOW = "<"
    IS = "=="


@dataclass(frozen=True)
class AlarmRule:
    """One alarm.

    Attributes
    ----------
    name
        Its name, and its heading on the page.
    metric, compare, limit
        It fires for each sample that compares so.
    where
        Label → the values that a sample must have one of; else it does not count.
    for_s
        Seconds that it must have been so without a break.
    severity
        How soon a person is needed.
    says
        The sentence that a person gets; ``{label}`` and ``{value}`` are filled in.
    means, do
        What is the matter, and what to do.
    """

    name: str
    metric: str
    compare: Compare
    limit: float
    severity: Severity
    says: str
    means: str
    do: str
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    for_s: float = 0.0

    def holds(self, value: float) -> bool:
        """Tell whether a sample is one to fire for."""
        if self.compare is Compare.ABOVE:
            return value > self.limit
        return value < self.limit if self.compare is Compare.BELOW else value == self.limit

    def counts(self, labels: Mapping[str, str]) -> bool:
        """Tell whether it is asked of a sample with these labels."""
        return all(labels.get(name) in values for name, values in self.where.items())


STREAM_DOWN = AlarmRule(
    "StreamDown", "fink_stream_state", Compare.IS, 1, Severity.WARNING,
    where={"state": ("dead", "failed", "silent")}, for_s=180,
    says="stream {stream} has been {state} for three minutes",
    means="The driver of the stream is gone, or says nothing, and Airflow has not started another one. Alerts wait "
          "where they are; nothing is lost until Kafka lets them expire.",
    do="Open the stream's DAG in Airflow. A task that is red or paused is the cause: unpause it, or clear it. Where "
       "Airflow itself is down (`ServiceDown`), run `fink up`. `fink status` shows the last sentence of the driver, "
       "`streams/<stream>/driver.log` all of it.",
)  # fmt: skip
STREAM_BROKEN = AlarmRule(
    "StreamBroken", "fink_stream_state", Compare.IS, 1, Severity.CRITICAL, where={"state": ("broken",)},
    says="stream {stream} cannot go on: another driver would end in the same way",
    means="The stream ended with an error that a restart does not mend: configuration, lost data, a schema, a full "
          "disk, or the same unknown error three times with no batch between.",
    do='Read the sentence in `fink status`; the table in operator.md under "A stream is red, or retries" says what '
       "mends it. Then clear the waiting task of the stream's DAG: it is tried at once.",
)  # fmt: skip
STREAM_RESTARTS = AlarmRule(
    "StreamRestarts", "fink_stream_restarts", Compare.ABOVE, 2, Severity.WARNING,
    says="stream {stream} was started {value} times and has not got on",
    means="Drivers start and end without finishing a batch. A fault that passes (Kafka away) looks so, and so does "
          "an alert that stops the stream, until it is set aside.",
    do="Look whether Kafka and the disk are well. Where they are, wait: at the third failure the batch is done in "
       'halves and the alert is set aside (operator.md, "An alert that stops a stream").',
)  # fmt: skip
STREAM_BEHIND = AlarmRule(
    "StreamBehind", "fink_stream_behind_seconds", Compare.ABOVE, 900, Severity.WARNING,
    says="stream {stream} has been behind its input for {value} s",
    means="Input came faster than the stream could do it for a quarter of an hour. It is done late; nothing is lost.",
    do="After an outage or a burst: wait, the backlog is worked off at full speed. Else look what a batch spends its "
       "time on (`fink_driver_batch_part_seconds`), and give the driver more cores (`FINK_SPARK_MASTER`) or memory "
       "(`FINK_STREAM_MEMORY`). A user's filter that is slow is switched off by itself.",
)  # fmt: skip
UNREAD_EXPIRES = AlarmRule(
    "UnreadExpires", "fink_unread_expires_hours", Compare.BELOW, 12, Severity.CRITICAL,
    says="Kafka may delete unread messages of {topic} in {value} hours",
    means="The oldest message that ingest has not read is nearly as old as its topic keeps messages. What expires "
          "unread is lost, and keeps its night red.",
    do="Get ingest to run: mend what `StreamBroken` or `StreamDown` says of it. If that takes longer, and the Kafka is "
       "yours, raise `retention.ms` of the topic; else ask whoever runs it to.",
)  # fmt: skip
QUARANTINE = AlarmRule(
    "QuarantineGrows", "fink_quarantine_ratio", Compare.ABOVE, 0.01, Severity.WARNING, for_s=60,
    says="{value} of the newest night's messages of {survey} could not be used",
    means="More than one message in a hundred went to the quarantine. Their bytes are kept. Mostly a survey has begun "
          "to send a schema that nobody told the broker of.",
    do="`fink quarantine list` shows the reasons. Add the schema or mend the code, then `fink quarantine replay "
       "--dry-run`; what its sender damaged, `fink quarantine discard` with a reason.",
)  # fmt: skip
REPEATS = AlarmRule(
    "RepeatsGrow", "fink_repeat_ratio", Compare.ABOVE, 0.05, Severity.WARNING, for_s=60,
    says="{value} of the newest night's alerts of {survey} had arrived before",
    means="The survey sends alerts again. Each goes on once; the others are counted as repeats.",
    do="Nothing is wrong here. Tell the survey if it lasts: it costs both sides.",
)  # fmt: skip
LOSSES = AlarmRule(
    "LossesWait", "fink_losses_open", Compare.ABOVE, 0, Severity.CRITICAL,
    says="{value} messages of {survey} are lost, and nobody has accepted it",
    means="Kafka offered messages that are in no table. They keep their night red until a person decides.",
    do="`fink losses list` names them. Where they can still be had, play them again; where they are gone for good, "
       "`fink losses accept … --who --why`, and clear *reconcile* of their nights.",
)  # fmt: skip
NIGHT_WAITS = AlarmRule(
    "NightWaits", "fink_night_waiting_hours", Compare.ABOVE, 6, Severity.WARNING,
    says="a night of {survey} has been over for {value} hours and is not closed",
    means="A night with alerts ended, and no manifest counts them: its closing is paused, fails, or never began.",
    do='Open `<survey>_close_night` in Airflow. Paused: unpause it. Red: operator.md, "A night is red". No run: a '
       "stream is not drained; `fink status` shows which.",
)  # fmt: skip
NIGHT_RED = AlarmRule(
    "NightRed", "fink_nights_red", Compare.ABOVE, 0, Severity.WARNING,
    says="{value} nights of {survey} do not balance, or have a critical failure",
    means="A night was closed and its equations do not hold, a critical expectation failed, or a step was not "
          "computed. Its manifest says which, and names the alerts.",
    do='Open the report of the night; operator.md, "A night is red", says for each step what its failure means.',
)  # fmt: skip
DISK_FILLS = AlarmRule(
    "DiskFills", "fink_disk_full_hours", Compare.BELOW, 24, Severity.WARNING, for_s=600,
    says="the disk of the home is full in {value} hours",
    means="At the rate of the last hours the disk is full within a day. A full disk stops the streams; what was "
          "written stays whole.",
    do="Make room: `fink lake show` lists the tables by size, `fink lake vacuum` removes what none needs. Or move the "
       "home to a larger disk.",
)  # fmt: skip
DISK_FULL = AlarmRule(
    "DiskNearlyFull", "fink_disk_free_bytes", Compare.BELOW, 2e9, Severity.CRITICAL,
    says="only {value} bytes are free on the disk of the home",
    means="Less than 2 GB are left. Streams end with a lasting fault when nothing can be written.",
    do="As for `DiskFills`, now. Then clear the waiting tasks of the streams: they go on where they stood.",
)  # fmt: skip
SERVICE_DOWN = AlarmRule(
    "ServiceDown", "fink_service_up", Compare.IS, 0, Severity.CRITICAL, for_s=60,
    says="{service} does not run, or does not answer",
    means="Without Kafka nothing comes in or leaves; without Airflow no stream is started again and no night closed "
          "(streams that run go on); without the API nobody can ask.",
    do="`fink status` says what is missing of it, and where its log is. `fink up` starts what does not run.",
)  # fmt: skip
LOOK_FAILS = AlarmRule(
    "LookFails", "fink_look_failures", Compare.ABOVE, 5, Severity.WARNING,
    says="the monitor could not look at {part} {value} times in a row",
    means="What the monitor says of this part is old: other alarms may be missing.",
    do="`metrics/metrics.log` of the home has the reason. Mostly a Kafka that does not answer.",
)  # fmt: skip

RULES: tuple[AlarmRule, ...] = (
    STREAM_BROKEN, UNREAD_EXPIRES, LOSSES, SERVICE_DOWN, DISK_FULL, STREAM_DOWN, STREAM_RESTARTS, STREAM_BEHIND,
    NIGHT_WAITS, NIGHT_RED, QUARANTINE, REPEATS, DISK_FILLS, LOOK_FAILS,
)  # fmt: skip
