"""Play alert packets into Kafka, as the survey would, and keep the truth of what was sent."""

import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from confluent_kafka import KafkaError, Message

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.producing import INPUT_CONFIG, Delivery, ReportingProducer
from fink_lib.kafka.topics import INPUT_TOPIC_CONFIG, create_missing
from fink_lib.simulator.archives import Say
from fink_lib.simulator.faults import inject
from fink_lib.simulator.pace import delays_s
from fink_lib.simulator.programme import Entry, read_programme, with_repeats
from fink_lib.simulator.request import Fault, PlayRequest, PlayResult
from fink_lib.simulator.sample import sample_night
from fink_lib.simulator.spool import Spool
from fink_lib.simulator.truth import Sending, write_truth
from fink_lib.surveys import Survey

logger = logging.getLogger(__name__)

SAMPLE = "sample"
ANSWER_S = 15.0  # how long a Kafka that is not there is waited for
Progress = Callable[[int, int], None]
"""Called with the number of messages acknowledged and their total."""


def resolve_path(path: str | Path, settings: Settings, survey: Survey, say: Say = logger.info) -> Path:
    """Return what is played: ``sample`` names the survey's sample night, unless a file of that name is there.

    Parameters
    ----------
    path, settings, survey
        What is asked for, where the sample night is kept, and whose it is.
    say
        Receives a line when the sample night has to be fetched.

    Raises
    ------
    ConfigError
        When nothing is there.
    """
    if Path(path).exists():
        return Path(path)
    if str(path) == SAMPLE:
        return sample_night(settings, survey, say)
    raise ConfigError(f"nothing to play: '{path}' does not exist")


def play(request: PlayRequest, progress: Progress | None = None) -> PlayResult:
    """Play a request to its end.

    Parameters
    ----------
    request
        What is played, how fast and with which faults.
    progress
        Called at every report of Kafka; None for nobody.

    Raises
    ------
    ConfigError
        When there is nothing to play.
    BrokerError
        When Kafka does not answer. A message that Kafka refuses raises nothing: it is in `failed`.
    """
    survey = request.survey
    path = resolve_path(request.path, request.settings, survey)
    with Spool() as spool:
        entries, skipped = read_programme(path, survey, spool)
        entries = with_repeats(inject(entries, request.faults, request.seed, survey=survey, spool=spool))
        sendings = [Sending(entry, _topic(entry, survey, spool)) for entry in entries]
        logger.info("play path=%s survey=%s messages=%d skipped=%d", path, survey.name, len(sendings), len(skipped))
        seconds = _send(request, sendings, spool, progress)
        result = _result(request, sendings, skipped, seconds)
        if request.truth is not None:
            write_truth(request.truth, sendings, spool, result)
    return result


def _topic(entry: Entry, survey: Survey, spool: Spool) -> str:
    if entry.night is None:
        raise ConfigError(f"'{entry.file}' has no night to name its topic by")
    version = survey.framing.version_of(spool.read(entry.slot)) if survey.input.by_version else None
    return survey.topic_of(entry.night, version)


def _send(request: PlayRequest, sendings: Sequence[Sending], spool: Spool, progress: Progress | None) -> float:
    """Send everything when it is due, and wait for every report; return the seconds that it took."""
    wanted = dict.fromkeys((sending.topic for sending in sendings), request.partitions)
    kafka = Connection.to(request.survey.connection(request.settings))
    partitions = create_missing(kafka, wanted, INPUT_TOPIC_CONFIG, answer_s=ANSWER_S)
    reported = 0

    def delivered(sending: Sending, error: KafkaError | None, message: Message) -> None:
        nonlocal reported
        sending.delivery = Delivery.of(error, message)
        reported += 1
        if progress is not None:
            progress(reported, len(sendings))

    sender = ReportingProducer(kafka, INPUT_CONFIG, delivered)
    begin = time.monotonic()
    due_s = delays_s((sending.entry for sending in sendings), request.rate, request.exposure_s)
    with contextlib.ExitStack() as always:
        always.callback(sender.finish)  # what was queued is accounted for, even when a send fails
        for sending, delay_s in zip(sendings, due_s, strict=True):
            sender.wait_until(begin + delay_s)
            partition = sending.entry.partition(partitions[sending.topic])
            sender.send(sending, sending.topic, partition, spool.read(sending.entry.slot))
    return time.monotonic() - begin


def _result(request: PlayRequest, sendings: Sequence[Sending], skipped: Sequence[str], seconds: float) -> PlayResult:
    arrived = [sending for sending in sendings if sending.error is None]
    entries = [sending.entry for sending in arrived]
    return PlayResult(
        survey=request.survey.name,
        sent=len(arrived),
        failed=tuple(f"{sending.entry.file}: {sending.error}" for sending in sendings if sending.error is not None),
        topics=dict(Counter(sending.topic for sending in arrived)),
        nights=dict(Counter(entry.facts.night for entry in entries)),
        offsets=_offsets(arrived),
        expected=dict(Counter(entry.facts.expected for entry in entries)),
        faults=dict(Counter(str(entry.fault) for entry in entries if entry.fault)),
        skipped=tuple(skipped),
        rebuilt=sum(entry.rebuilt and entry.fault in (None, Fault.OUT_OF_ORDER) for entry in entries),
        seconds=round(seconds, 3),
        truth=request.truth,
    )


def _offsets(arrived: Sequence[Sending]) -> dict[str, dict[int, tuple[int, int]]]:
    offsets: dict[str, dict[int, tuple[int, int]]] = {}
    for sending in arrived:
        if sending.delivery is not None:
            at = sending.delivery.offset
            ends = offsets.setdefault(sending.topic, {})
            first, end = ends.get(sending.delivery.partition, (at, at))
            ends[sending.delivery.partition] = (min(first, at), max(end, at + 1))
    return offsets
