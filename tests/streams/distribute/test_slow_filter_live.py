"""A running stream that a user's filter holds up: it is switched off, and what the others select leaves in time."""

import datetime as dt
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fink_lib.config import PROJECT_DIR
from fink_lib.filters.users.slow import BROKER
from fink_lib.filters.users.store import Action, Event, history, record
from fink_lib.processes.identity import TOKEN_VARIABLE, end_processes_of
from fink_lib.streams.heartbeat import StreamState, read_heartbeat
from fink_lib.streams.loop import ExitCode
from fink_lib.streams.runner import settings_environment
from fink_lib.streams.stop import ask_to_stop
from tests.builders.packet_rows import Packet
from tests.streams.distribute.conftest import Bench
from tests.streams.distribute.slow_driver import VARIABLE
from tests.streams.distribute.test_user_filters_live import PATIENCE_S, beat, users_in_plan, wait_for

pytestmark = [pytest.mark.spark, pytest.mark.kafka]

TOKEN, NAME = "slow-filter", "greedy"
BUDGET_S = 5.0


@pytest.fixture
def slow(bench: Bench, tmp_path: Path) -> Bench:
    """The home, in which a slow filter is active, with a driver that knows that it is slow."""
    jobs = tmp_path / "project" / "jobs" / "streaming"
    jobs.mkdir(parents=True)
    words = 'from tests.streams.distribute.slow_driver import run\n\nif __name__ == "__main__":\n    run()\n'
    (jobs / "distribute.py").write_text(words)
    for number, action in enumerate((Action.ADD, Action.ACTIVATE), 1):
        facts = {"owner": "team", "description": "Looks twice.", "predicate": "roid = 2", "by": "team"}
        record(bench.lake, Event("ztf", NAME, number, action, 1, at=dt.datetime.now(dt.UTC), **facts))
    changed = {"project": tmp_path / "project", "filters_batch_s": BUDGET_S}
    settings = bench.spec.settings.model_copy(update=changed)
    return replace(bench, spec=replace(bench.spec, settings=settings))


@pytest.fixture
def driver(slow: Bench) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {**settings_environment(slow.spec.settings), TOKEN_VARIABLE: TOKEN, VARIABLE: NAME}
    environment |= {"PYTHONPATH": os.environ.get("PYTHONPATH") or str(PROJECT_DIR)}
    slow.spec.paths.root.mkdir(parents=True, exist_ok=True)
    with slow.spec.paths.log.open("ab") as log:
        child = subprocess.Popen(slow.spec.command, env=environment, stdout=log, stderr=log, start_new_session=True)
    yield child
    end_processes_of(TOKEN, 15)
    child.wait(15)


def test_a_filter_that_holds_the_stream_up_is_switched_off_and_the_rest_leaves(
    slow: Bench, packets: list[Packet], driver: "subprocess.Popen[bytes]"
) -> None:
    wait_for("the batch", slow, lambda: slow.spec.paths.heartbeat.exists() and beat(slow).rows_total >= len(packets))
    ask_to_stop(slow.spec.paths.stop_marker)
    assert driver.wait(PATIENCE_S) == ExitCode.STOPPED
    last = history(slow.lake, "ztf", NAME)[-1]
    assert (last.action, last.by) == (Action.PAUSE, BROKER)
    assert "its share is" in last.reason
    assert users_in_plan(slow) == 1, "the other user's filter is still there"
    assert {sent.facts.filter for sent in slow.standing()} >= {"compact_asteroids", "sso_ztf_candidates"}
    assert NAME not in {sent.facts.filter for sent in slow.standing()}
    slow.check(packets)
    told = read_heartbeat(slow.spec.paths.heartbeat)
    assert told is not None
    assert (told.state, told.error, told.restarts) == (StreamState.STOPPED, None, 0), "it was one driver all the time"
