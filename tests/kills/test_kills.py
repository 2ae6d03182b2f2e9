"""Whatever is killed, and whenever: nothing is lost, nothing doubled, and the tables say what they would have said.

`FINK_TEST_KILLS` is how many are killed (3, no less; 50 is the long form), `FINK_TEST_SEED` repeats a run.
"""

import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.distribute.output_topics import output_topics
from fink_lib.distribute.stream import plan as distribute
from fink_lib.enrich.stream import plan as enrich
from fink_lib.host.kafka import LocalKafka
from fink_lib.ingest.stream import plan as ingest
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.recovery import unrecorded
from fink_lib.lake.content import lake_digests
from fink_lib.simulator.player import play
from fink_lib.simulator.request import Fault, PlayRequest
from fink_lib.simulator.sample import sample_night
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import ZTF
from tests.kills.chaos import Chaos, running
from tests.kills.fault_points import POINTS

pytestmark = [
    pytest.mark.spark,
    pytest.mark.kafka,
    pytest.mark.timeout(3600),
    # Spark's Python side leaves sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

KILLS = int(os.environ.get("FINK_TEST_KILLS", "3"))
FAULTS = {Fault.TRUNCATED: 1, Fault.DUPLICATE: 1}
COMPARED = ("bronze_ztf__alerts", "bronze_ztf__quarantine", "silver_ztf__alerts", "silver_ztf__rejected")
STREAMS = {Stage.INGEST: ingest, Stage.ENRICH: enrich, Stage.DISTRIBUTE: distribute}
SHARES = {"point": 0.36, "driver": 0.4, "worker": 0.14, "kafka": 0.1}


@pytest.fixture(scope="module")
def slices(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The sample night in as many parts as there are kills."""
    packets = sorted(sample_night(Settings(), ZTF).glob("*.avro"))
    folders = [tmp_path_factory.mktemp("slices") / str(number) for number in range(KILLS)]
    for number, folder in enumerate(folders):
        folder.mkdir()
        for packet in packets[number::KILLS]:
            shutil.copy(packet, folder)
    return folders


def send(folder: Path, number: int, settings: Settings) -> None:
    play(PlayRequest(folder, ZTF, settings, faults=FAULTS, seed=number))


@pytest.fixture(scope="module")
def undisturbed(
    spark: SparkSession, own_kafka: str, slices: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """A home whose streams nobody disturbed."""
    settings = Settings(home=tmp_path_factory.mktemp("undisturbed") / "home", kafka_bootstrap=own_kafka)
    for number, folder in enumerate(slices):
        send(folder, number, settings)
    for stage, plan in STREAMS.items():
        with closing(plan(spark.newSession(), StreamSpec("ztf", stage, settings), ZTF)) as planned:
            assert planned.start(available_now=True).awaitTermination(300)
    return settings


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose drivers can be told where to die."""
    jobs = tmp_path / "project" / "jobs" / "streaming"
    jobs.mkdir(parents=True)
    for stage in Stage:
        words = f'from tests.kills.fault_points import run\n\nif __name__ == "__main__":\n    run("{stage}")\n'
        (jobs / f"{stage}.py").write_text(words)
    monkeypatch.setenv("PYTHONPATH", str(PROJECT_DIR))
    return tmp_path / "project"


@pytest.fixture
def chaos(jars: dict[str, Path], tmp_path: Path, project: Path) -> Iterator[Chaos]:
    seed = int(os.environ.get("FINK_TEST_SEED") or random.SystemRandom().randrange(2**32))
    print(f"FINK_TEST_SEED={seed}")  # noqa: T201 - shown when it fails: it repeats the run
    with LocalKafka(tmp_path / "broker", jars["kafka"], secured=False) as kafka:
        settings = Settings(
            home=tmp_path / "home",
            project=project,
            kafka_bootstrap=kafka.bootstrap,
            night_quiet_s=4,
            stream_memory="1g",
        )
        with running(Chaos(settings, kafka, random.Random(seed))) as found:  # noqa: S311 - moments, not secrets
            yield found


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


def test_what_is_killed_changes_nothing(chaos: Chaos, undisturbed: Settings, slices: list[Path]) -> None:
    chance, cards = chaos.chance, deck(chaos.chance, KILLS)
    many = 10 if KILLS >= 20 else 2  # checkpoints that are lost: each second one comes back as an older copy
    losses = {round(number * KILLS / (many + 1)): number % 2 == 0 for number in range(1, many + 1)}
    fallen = 0
    for number, (card, folder) in enumerate(zip(cards, slices, strict=True)):
        if number in losses:
            restore = losses[number] and bool(chaos.copies)
            stages = [stage for stage in Stage if stage in chaos.copies or not restore]
            chaos.lose_checkpoint(chance.choice(stages), restore=restore)
        if number % max(1, KILLS // 5) == 0:
            chaos.copy_checkpoint(chance.choice(list(Stage)))
        if card in POINTS:
            stage = chaos.arm(card)
            send(folder, number, chaos.settings)
            chaos.start_all()
            fallen += chaos.await_fault(card, stage)
        else:
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
    check(chaos.settings, undisturbed)


def check(settings: Settings, undisturbed: Settings) -> None:
    """Compare the tables, and the topics with the book."""
    for table in COMPARED:
        assert list(lake_digests(settings.lake, [table])) == list(lake_digests(undisturbed.lake, [table])), table
    sent = {home: _standing(one) for home, one in (("killed", settings), ("not", undisturbed))}
    assert sent["killed"] == sent["not"]
    assert set(sent["killed"].values()) == {1}
    (book,) = lake_digests(settings.lake, ["gold_ztf__published"])
    (other,) = lake_digests(undisturbed.lake, ["gold_ztf__published"])
    assert book == other
    assert book.rows == sum(sent["killed"].values())


def _standing(settings: Settings) -> Counter[tuple[str, int]]:
    topics = output_topics(Connection.of(settings), "ztf")
    return Counter((one.topic, one.facts.alert_id) for one in unrecorded(settings, topics, {}, rest_s=0))
