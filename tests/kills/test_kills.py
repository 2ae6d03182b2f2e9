"""Whatever is killed, and whenever: nothing is lost, nothing doubled, and the tables say what they would have said.

`FINK_TEST_KILLS` is how many are killed (3, no less; 50 is the long form), `FINK_TEST_SEED` repeats a run.
What else can go wrong, and takes seconds, is a test of its own, on the same home if that is there; all of it:
`make test-faults`.
"""

import os
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from fink_lib.config import Settings
from fink_lib.streams.spec import Stage
from tests.kills.books import alarms, check, send, sliced, unbalanced, work_off
from tests.kills.chaos import DELETED, NO_WORKER, RESTORED, Chaos
from tests.kills.fault_points import POINTS
from tests.kills.kind import known_kinds

pytestmark = [
    pytest.mark.spark,
    pytest.mark.kafka,
    pytest.mark.timeout(3600),
    # Spark's Python side leaves sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

KILLS = int(os.environ.get("FINK_TEST_KILLS", "3"))
QUICK = [kind for kind in known_kinds().values() if kind.is_quick]
OF_WHAT_WAS_SENT = {"QuarantineGrows", "RepeatsGrow"}  # damaged and repeated packets are in each slice
SHARES = {"point": 0.36, "driver": 0.4, "worker": 0.14, "kafka": 0.1}


@pytest.fixture(scope="module")
def slices(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The sample night in as many parts as there are kills and quick faults, and one more."""
    return sliced(tmp_path_factory.mktemp("slices"), KILLS + len(QUICK) + 1)


@pytest.fixture(scope="module")
def undisturbed(own_kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home whose streams nobody disturbs; what was sent to the other one is worked off here."""
    return Settings(home=tmp_path_factory.mktemp("undisturbed") / "home", kafka_bootstrap=own_kafka)


def deck(chance: random.Random, kills: int) -> list[str]:
    """Return what is done, in a random order: of each kind its share, and each fault point before any again."""
    points = [*POINTS] * (kills // len(POINTS) + 1)
    chosen = (
        points[: round(SHARES["point"] * kills)]
        if kills >= len(POINTS) * 2
        else chance.sample([*POINTS], min(3, kills - 2))
    )
    workers = [f"worker:{chance.choice(list(Stage))}" for _ in range(max(1, round(SHARES["worker"] * kills)))]
    kafka = ["kafka"] * max(1, round(SHARES["kafka"] * kills))
    rest = max(0, kills - len(chosen) - len(workers) - len(kafka))
    drivers = [f"driver:{list(Stage)[number % len(Stage)]}" for number in range(rest)]
    cards = [*chosen, *workers, *kafka, *drivers]
    chance.shuffle(cards)
    return cards


def test_what_is_killed_changes_nothing(
    chaos: Chaos, spark: SparkSession, undisturbed: Settings, slices: list[Path]
) -> None:
    chance, cards = chaos.chance, deck(chaos.chance, KILLS)
    many = 10 if KILLS >= 20 else 2  # checkpoints that are lost: each second one comes back as an older copy
    losses = {round(number * KILLS / (many + 1)): number % 2 == 0 for number in range(1, many + 1)}
    apart = max(1, KILLS // 5)
    beside = ThreadPoolExecutor(1)  # drivers take time to start, and this process waits for them
    quiet = beside.submit(work_off, spark, undisturbed, slices[:KILLS])
    fallen = 0
    for number, (card, folder) in enumerate(zip(cards, slices, strict=False)):
        if number in losses:
            restore = losses[number]
            stages = [stage for stage in Stage if stage in chaos.copies or not restore]
            chaos.lose_checkpoint(chance.choice(stages), restore=restore)
        if number % apart == min(1, apart - 1) and number:  # before the first card there is nothing to keep
            chaos.copy_checkpoint(chance.choice(chaos.committed()))
        if card in POINTS:
            stage = chaos.arm(card)
            send(folder, number, chaos.settings)
            chaos.start_all()
            fallen += chaos.await_fault(card, stage)
        else:
            chaos.start_all()  # what was ended for its checkpoint
            send(folder, number, chaos.settings)
            kind, _, stage_name = card.partition(":")
            if kind == "kafka":
                chaos.kill_kafka()
            else:
                (chaos.kill_driver if kind == "driver" else chaos.kill_worker)(Stage(stage_name))
        chaos.start_all()
    chaos.drain()
    print("; ".join(chaos.told))  # noqa: T201 - shown when it fails
    assert fallen == sum(card in POINTS for card in cards)
    assert [one for one in chaos.told if one.startswith(NO_WORKER)] == []
    lost = Counter(word for word in (DELETED, RESTORED) for one in chaos.told if one.endswith(word))
    assert lost == {DELETED: many // 2, RESTORED: many // 2}
    beside.shutdown()
    compare(chaos, quiet.result())


def test_what_else_goes_wrong_within_seconds_changes_nothing(
    chaos: Chaos, spark: SparkSession, undisturbed: Settings, slices: list[Path]
) -> None:
    chaos.start_all()
    send(slices[KILLS], KILLS, chaos.settings)  # a fault meets a broker at work: every table is there
    chaos.drain()
    for number, fault in enumerate(chaos.chance.sample(QUICK, len(QUICK)), KILLS + 1):
        chaos.start_all()  # a driver may have given up on a Kafka that hung
        chaos.told.append(f"{fault.name}: {fault.act(chaos, partial(send, slices[number], number, chaos.settings))}")
    chaos.drain()
    print("; ".join(chaos.told))  # noqa: T201 - shown when it fails
    compare(chaos, work_off(spark, undisturbed, slices[KILLS:], KILLS))


def compare(chaos: Chaos, undisturbed: Settings) -> None:
    """Hold the home to its own equations, and to the one that nobody disturbed."""
    assert unbalanced(chaos.settings) == ""
    assert alarms(chaos.settings) <= OF_WHAT_WAS_SENT, "what was done to it is over"
    check(chaos.settings, undisturbed)
