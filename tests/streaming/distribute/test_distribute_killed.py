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


@pytest.mark.parametrize(
    "moment",
    [
        "some messages handed to the producer",
        "sent and not recorded",
        "second part sent and not recorded",
        "recorded and not committed",
    ],
)
def test_published_and_topics_agree_after_a_kill(bench: Bench, packets: list[Packet], moment: str) -> None:
    bench.arrive(packets)
    die_at(bench, moment)
    on_topics, recorded = len(bench.standing()), len(bench.published())
    if moment == "recorded and not committed":
        assert on_topics == recorded > 0
    elif moment != "some messages handed to the producer":
        assert on_topics > recorded
    bench.run()
    bench.check(packets)


def test_a_driver_killed_again_and_again_ends_right(bench: Bench, packets: list[Packet]) -> None:
    bench.arrive(packets)
    for moment in ("sent and not recorded", "sent and not recorded", "some messages handed to the producer"):
        die_at(bench, moment)
    bench.run()
    bench.check(packets)
