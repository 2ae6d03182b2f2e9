"""A driver that dies at any moment: the next one leaves the topics as if nothing had happened."""

import signal
import subprocess
import sys

import pytest
from pyspark.errors import StreamingQueryException

from fink_lib.streaming.runner import settings_environment
from tests.spark.distribute.planted import Packet
from tests.streaming.distribute import dying_driver
from tests.streaming.distribute.conftest import Bench
from tests.streaming.distribute.dying_driver import MOMENTS, changes

pytestmark = [pytest.mark.spark, pytest.mark.kafka]

# Killed with -9 where the producer holds something at that moment. At the others all that a process knows is
# on a topic or in a table: the query is failed there, which is the same and starts no JVM.
KILLED = {"delivered without a report", "one part recorded, the next only sent"}


def kill_at(bench: Bench, moment: str) -> None:
    """Run a driver that kills itself at a moment."""
    done = subprocess.run(
        [sys.executable, dying_driver.__file__, moment],
        env=settings_environment(bench.spec.settings),
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]


class Died(Exception):
    """What a query is failed with."""


def fail() -> None:
    raise Died


def fail_at(bench: Bench, moment: str) -> None:
    """Run a query that fails at a moment."""
    with pytest.MonkeyPatch.context() as patch:
        for owner, name, value in changes(moment, fail):
            patch.setattr(owner, name, value)
        with pytest.raises(StreamingQueryException, match="Died"):
            bench.run()


def test_published_and_topics_agree_after_a_death_at_every_moment(bench: Bench, packets: list[Packet]) -> None:
    left_behind = []
    for moment in MOMENTS:
        (kill_at if moment in KILLED else fail_at)(bench, moment)
        left_behind.append(len(bench.standing()) - len(bench.published()))
    # Each but the last died with messages on a topic that no table knew.
    assert [count > 0 for count in left_behind] == [True, True, True, False]
    bench.run()
    bench.check(packets)
