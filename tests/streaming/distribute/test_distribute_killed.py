"""A driver killed with -9 at any moment: the next one leaves the topics as if nothing had happened."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fink_lib.streaming.runner import settings_environment
from tests.spark.distribute.planted import Packet
from tests.streaming.distribute.conftest import Bench

pytestmark = [pytest.mark.spark, pytest.mark.kafka]

DRIVER = Path(__file__).parent / "dying_driver.py"


def die_at(bench: Bench, moment: str) -> None:
    """Run a driver that dies at a moment."""
    done = subprocess.run(
        [sys.executable, str(DRIVER), moment],
        env=settings_environment(bench.spec.settings),
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]


def test_published_and_topics_agree_after_kills_at_every_moment(bench: Bench, packets: list[Packet]) -> None:
    left_behind = []
    for moment in (
        "delivered without a report",
        "sent and not recorded",
        "one part recorded, the next only sent",
        "recorded and not committed",
    ):
        die_at(bench, moment)
        left_behind.append(len(bench.standing()) - len(bench.published()))
    # Each driver but the last died with messages on a topic that no table knew.
    assert [count > 0 for count in left_behind] == [True, True, True, False]
    bench.run()
    bench.check(packets)
