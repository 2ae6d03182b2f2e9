"""A running distribute stream takes up what users do with their filters: the same driver, within a minute."""

import logging
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fink_lib.distribute.reactor import LOOKED_UP_TO
from fink_lib.processes.identity import TOKEN_VARIABLE, end_processes_of
from fink_lib.streams.heartbeat import Heartbeat, read_heartbeat
from fink_lib.streams.runner import settings_environment
from fink_lib.streams.stop import ask_to_stop
from tests.builders.packet_rows import Packet, sample_packets
from tests.streams.distribute.conftest import Bench, science
from tests.streams.distribute.said import SAID_TOPIC, Voice

pytestmark = [pytest.mark.spark, pytest.mark.kafka]

logger = logging.getLogger(__name__)

PATIENCE_S = 300.0
TAKEN_UP_S = 60.0  # what users are promised
NAME = "my_asteroids"
TOPIC = f"fink_{NAME}_ztf"


def wait_for(what: str, bench: Bench, seen: Callable[[], bool], patience_s: float = PATIENCE_S) -> float:
    """Wait, and return for how long."""
    began = time.monotonic()
    while not seen():
        log = bench.spec.paths.log.read_text(errors="replace")[-3000:]
        assert time.monotonic() - began < patience_s, f"{what} has not happened; the driver says:\n{log}"
        time.sleep(0.2)
    return time.monotonic() - began


def beat(bench: Bench) -> Heartbeat:
    found = read_heartbeat(bench.spec.paths.heartbeat)
    assert found is not None
    return found


def fink(bench: Bench, *arguments: str) -> str:
    """Run a command of the users in a process of its own, as they do."""
    done = subprocess.run(
        [Path(sys.executable).with_name("fink"), "filters", *arguments, "--home", str(bench.spec.settings.home)],
        env=settings_environment(bench.spec.settings),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def users_in_plan(bench: Bench) -> int:
    """Return how many users' filters the driver planned its query with, the last time: a batch that began under the
    plan before is sent under that one. How often it plans is not said: each event may bring a plan of its own.
    """
    return int(re.findall(r" planned filters=\d+ user_filters=(\d+)", bench.spec.paths.log.read_text())[-1])


def sent_by(bench: Bench) -> set[int]:
    return {sent.facts.alert_id for sent in bench.standing() if sent.topic == TOPIC}


def selected(packets: list[Packet], first: int, last: int) -> set[int]:
    """Return the public alerts among some that are unknown asteroids."""
    return {
        packet["candid"]
        for number, packet in enumerate(packets)
        if first <= number < last and packet["candidate"]["programid"] == 1 and science(number, packet)["roid"] == 2
    }


@pytest.fixture
def driver(bench: Bench) -> Iterator["subprocess.Popen[bytes]"]:
    """A real driver of the stream, which has done all that is there."""
    environment = {**settings_environment(bench.spec.settings), TOKEN_VARIABLE: "users"}
    bench.spec.paths.root.mkdir(parents=True, exist_ok=True)
    with bench.spec.paths.log.open("ab") as log:
        child = subprocess.Popen(bench.spec.command, env=environment, stdout=log, stderr=log, start_new_session=True)
    yield child
    end_processes_of("users", 15)
    child.wait(15)


def what_is_said_sends_an_alert(bench: Bench, packets: list[Packet], voice: Voice) -> None:
    """An annotation on `community_in` makes the newest alert of its object leave, once, on the topic of the rule."""
    rule = voice.rule("candidate.magpsf < 40 AND candidate.programid = 1")
    public = [packet for packet in packets if packet["candidate"]["programid"] == 1]
    name, other = public[0]["objectId"], public[1]["objectId"]
    newest = max((one for one in public if one["objectId"] == name), key=lambda one: one["candidate"]["jd"])

    def left() -> list[tuple[int, str]]:
        return [(one.facts.alert_id, one.facts.filter_version) for one in bench.standing() if one.topic == SAID_TOPIC]

    with voice.carried():
        voice.annotate(other, 0.5)
        voice.annotate(other, 0.95, "somebody-else")
        voice.annotate(name, 0.95)
        taken_s = wait_for("the alert that an annotation sends", bench, lambda: bool(left()))
        voice.annotate(name, 0.99)
        wait_for("the other annotation", bench, lambda: voice.heard() == 4)
        looked = bench.spec.paths.root / LOOKED_UP_TO
        last = voice.log.now().rows["statement_id"][-1].as_py()
        wait_for("a look at it", bench, lambda: looked.read_text() == last)
    logger.info("an annotation on a topic sent an alert after %.1f s", taken_s)
    assert left() == [(newest["candid"], rule)]


def test_a_running_stream_takes_a_users_filter_up_and_lets_it_go(
    bench: Bench, packets: list[Packet], driver: "subprocess.Popen[bytes]"
) -> None:
    night = packets + sample_packets(120)[60:]
    wait_for("the first batch", bench, lambda: bench.spec.paths.heartbeat.exists() and beat(bench).rows_total >= 60)
    others = users_in_plan(bench)
    fink(bench, "add", NAME, "roid = 2", "--owner", "team", "--description", "Unknown asteroids.")
    told = fink(bench, "activate", NAME, "--force", "--reason", "a test")
    assert f"→ {TOPIC}" in told
    taken_up_s = wait_for("the new topic", bench, lambda: TOPIC in bench.topics(), TAKEN_UP_S)
    wait_for("the query's return", bench, lambda: users_in_plan(bench) == others + 1, TAKEN_UP_S)
    voice = Voice(bench.spec.settings)
    seen = next(packet for packet in night[60:90] if packet["candidate"]["programid"] == 1)
    voice.watch("mine", seen["candidate"]["ra"], seen["candidate"]["dec"])
    bench.arrive(night[60:90], first=60)
    wait_for("its alerts", bench, lambda: sent_by(bench) == selected(night, 60, 90))
    wait_for("what is watched", bench, lambda: (seen["objectId"], "person:anna") in voice.watched())
    fink(bench, "pause", NAME, "--reason", "enough")
    wait_for("the new plan", bench, lambda: users_in_plan(bench) == others, TAKEN_UP_S)
    before = beat(bench).rows_total
    bench.arrive(night[90:], first=90)
    wait_for("the last batch", bench, lambda: beat(bench).rows_total >= before + 30)
    what_is_said_sends_an_alert(bench, night, voice)
    ask_to_stop(bench.spec.paths.stop_marker)
    assert driver.wait(PATIENCE_S) == 0
    assert sent_by(bench) == selected(night, 60, 90), "a filter that is paused sends nothing"
    assert selected(night, 90, 120)
    assert (beat(bench).pid, beat(bench).token) == (driver.pid, "users"), "it was one driver all the time"
    assert taken_up_s < TAKEN_UP_S
    bench.check(night)
