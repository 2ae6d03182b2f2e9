"""One driver after the other: what they ended with is kept until the stream gets on, and three alike are enough."""

from dataclasses import replace
from pathlib import Path

import pytest

from fink_lib.config import Settings
from fink_lib.errors import BrokerError, ConfigError, StreamBroken, StreamFailed
from fink_lib.host.overview import look
from fink_lib.streams.attempts import Attempts
from fink_lib.streams.faults import KILLED, carry, ended, forgive, note_stall
from fink_lib.streams.health import Health, judge
from fink_lib.streams.heartbeat import Heartbeat, StreamState, read_heartbeat
from fink_lib.streams.listener import Recorder
from fink_lib.streams.runner import LocalRunner
from fink_lib.streams.spec import Stage, StreamSpec
from tests.unit.streams.test_streaming_heartbeat import REPORT

NOW = 1_800_000_000.0


def driver(spec: StreamSpec, token: str) -> Recorder:
    """Begin as the run loop of a driver does."""
    beat = Heartbeat(spec.name, spec.hash, token, 1, "here")
    carry(read_heartbeat(spec.paths.heartbeat), beat)
    mine = Recorder(beat, spec.paths.heartbeat)
    mine.state(StreamState.STARTING)
    return mine


def verdicts(spec: StreamSpec, *errors: Exception | None) -> list[tuple[bool, str]]:
    """Let drivers end one after the other, by an error or killed; return what supervision says of each end."""
    told = []
    for number, error in enumerate(errors):
        mine = driver(spec, str(number))
        mine.state(StreamState.RUNNING)
        if error is not None:
            mine.failed(error)
        verdict = judge(spec, None, read_heartbeat(spec.paths.heartbeat), NOW)
        assert verdict.health is Health.FAILED
        told.append((verdict.lasting, verdict.reason))
    return told


def test_what_only_a_person_can_mend_lasts_from_the_first_end(spec: StreamSpec) -> None:
    assert verdicts(spec, ConfigError("topic x is not ours")) == [
        (True, "stream 'ztf.enrich' cannot go on: ConfigError: topic x is not ours")
    ]


def test_what_nobody_knows_lasts_when_it_has_happened_three_times_alike(spec: StreamSpec) -> None:
    told = verdicts(spec, ValueError("row 1"), ValueError("row 22"), ValueError("row 3"))
    assert [lasting for lasting, _ in told] == [False, False, True]
    assert told[-1][1] == "stream 'ztf.enrich' cannot go on: ValueError: row 3 after 2 restarts"


def test_what_differs_each_time_is_tried_again(spec: StreamSpec) -> None:
    told = verdicts(spec, ValueError("a"), KeyError("b"), ValueError("a"), KeyError("b"))
    assert not any(lasting for lasting, _ in told)


def test_what_passes_is_tried_for_ever_and_counted(spec: StreamSpec) -> None:
    told = verdicts(spec, *[BrokerError("Kafka is away")] * 8)
    assert not any(lasting for lasting, _ in told)
    assert told[-1][1].endswith("BrokerError: Kafka is away after 7 restarts")


def test_drivers_that_are_killed_alike_last_too(spec: StreamSpec) -> None:
    told = verdicts(spec, None, None, None)
    assert [lasting for lasting, _ in told] == [False, False, True]
    assert KILLED in told[-1][1]


def test_a_driver_killed_at_a_batch_whose_tries_are_noted_is_followed_by_another(spec: StreamSpec) -> None:
    """Each of them knows more of which alert it is; the search ends by itself."""
    driver(spec, "killed").batch_begins()
    beat = read_heartbeat(spec.paths.heartbeat)
    assert beat is not None
    beat.error, beat.alike = KILLED, 7
    assert ended(beat).lasting
    assert not ended(beat, notes_tries=True).lasting
    beat.batch_since = 0.0
    assert ended(beat, notes_tries=True).lasting, "it died while it had nothing to do: in its start, say"
    beat.batch_since, beat.state = NOW, StreamState.RUNNING
    beat.write(spec.paths.heartbeat)
    assert judge(spec, None, beat, NOW).lasting
    Attempts(spec.checkpoint).begin(0)
    assert not judge(spec, None, beat, NOW).lasting


@pytest.mark.parametrize("gets_on", [lambda mine: mine.progress(REPORT), lambda mine: mine.idle()])
def test_a_stream_that_gets_on_begins_anew(spec: StreamSpec, gets_on: object) -> None:
    verdicts(spec, ValueError("a"), ValueError("a"))
    mine = driver(spec, "third")
    assert (mine.heartbeat.restarts, mine.heartbeat.alike, mine.heartbeat.error) == (2, 2, "ValueError: a")
    gets_on(mine)  # type: ignore[operator]
    assert (mine.heartbeat.restarts, mine.heartbeat.alike, mine.heartbeat.error) == (0, 0, None)
    assert verdicts(spec, ValueError("a"))[0][0] is False


def test_other_code_or_a_stop_begins_anew(spec: StreamSpec) -> None:
    verdicts(spec, ConfigError("x"))
    changed = StreamSpec(spec.survey, spec.stage, spec.settings.model_copy(update={"stream_memory": "7g"}))
    assert judge(changed, None, read_heartbeat(spec.paths.heartbeat), NOW).lasting is False
    assert driver(changed, "new").heartbeat.restarts == 0
    stopped = driver(spec, "stopped")
    stopped.state(StreamState.STOPPED)
    assert driver(spec, "after").heartbeat.restarts == 0


def test_a_batch_that_stalls_three_times_lasts(spec: StreamSpec) -> None:
    for number in range(3):
        driver(spec, str(number)).state(StreamState.RUNNING)
        note_stall(spec, f"a micro-batch of 'ztf.enrich' has been at work for {600 + number} s")
    assert judge(spec, None, read_heartbeat(spec.paths.heartbeat), NOW).lasting is True


def test_a_lasting_fault_is_tried_again_after_a_while_or_when_it_is_forgiven(spec: StreamSpec) -> None:
    verdicts(spec, ConfigError("x"))
    beat = read_heartbeat(spec.paths.heartbeat)
    assert beat is not None
    pauses = [ended(replace(beat, restarts=restarts)).retry_at - beat.beat_at for restarts in (0, 1, 3, 50)]
    assert pauses == [600.0, 600.0, 1800.0, 3600.0]
    forgive(spec)
    assert judge(spec, None, read_heartbeat(spec.paths.heartbeat), NOW).lasting is False


def test_status_shows_stream_sentence_and_restarts(spec: StreamSpec) -> None:
    def row() -> tuple[str, int, str | None]:
        (only,) = look(spec.settings).streams
        return only.state, only.restarts, only.error

    verdicts(spec, ValueError("a"), ValueError("a"))
    assert row() == ("failed", 1, "ValueError: a")
    verdicts(spec, ValueError("a"))
    assert row() == ("broken", 2, "ValueError: a")


def test_a_driver_that_never_begins_is_told_of(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", project=tmp_path)
    spec = StreamSpec("ztf", Stage.ENRICH, settings)
    with pytest.raises(StreamBroken, match=r"there is no driver at .*: check FINK_PROJECT"):
        LocalRunner(settings).submit(spec)
    assert judge(spec, None, read_heartbeat(spec.paths.heartbeat), NOW).lasting is True
    spec.job.parent.mkdir(parents=True)
    spec.job.write_text("import sys; sys.exit('no such catalogue')")
    for lasting in (False, False, True):
        with pytest.raises(StreamFailed, match="code 1 before it began: no such catalogue"):
            LocalRunner(settings).submit(spec)
        assert judge(spec, None, read_heartbeat(spec.paths.heartbeat), NOW).lasting is lasting
