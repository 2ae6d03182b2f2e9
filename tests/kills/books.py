"""What a home is compared with: another one, over the same alerts, that nobody disturbed."""

import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from pyspark.sql import SparkSession

from fink_lib.config import Settings
from fink_lib.distribute.output_topics import output_topics
from fink_lib.distribute.stream import plan as distribute
from fink_lib.enrich.stream import plan as enrich
from fink_lib.ingest.stream import plan as ingest
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.recovery import unrecorded
from fink_lib.lake.content import lake_digests
from fink_lib.nightly.job import NightContext
from fink_lib.nightly.reconcile.step import run as reconcile
from fink_lib.simulator.player import play
from fink_lib.simulator.request import Fault, PlayRequest
from fink_lib.simulator.sample import sample_night
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import ZTF
from fink_lib.testing.nights import NIGHT
from tests.builders.watched_home import Watched

FAULTS = {Fault.TRUNCATED: 1, Fault.DUPLICATE: 1}
COMPARED = ("bronze_ztf__alerts", "bronze_ztf__quarantine", "silver_ztf__alerts", "silver_ztf__rejected")
STREAMS = {Stage.INGEST: ingest, Stage.ENRICH: enrich, Stage.DISTRIBUTE: distribute}


def sliced(root: Path, count: int) -> list[Path]:
    """Return the sample night in so many folders."""
    packets = sorted(sample_night(Settings(), ZTF).glob("*.avro"))
    folders = [root / str(number) for number in range(count)]
    for number, folder in enumerate(folders):
        folder.mkdir(parents=True)
        for packet in packets[number::count]:
            shutil.copy(packet, folder)
    return folders


def send(folder: Path, number: int, settings: Settings) -> None:
    """Play a folder, with damage that depends on its number alone."""
    play(PlayRequest(folder, ZTF, settings, faults=FAULTS, seed=number))


def work_off(spark: SparkSession, settings: Settings, slices: Sequence[Path], first: int = 0) -> Settings:
    """Play folders, numbered from the first on, and let each stream do all of them, undisturbed."""
    for number, folder in enumerate(slices, first):
        send(folder, number, settings)
    for stage, plan in STREAMS.items():
        with closing(plan(spark.newSession(), StreamSpec("ztf", stage, settings), ZTF)) as planned:
            assert planned.start(available_now=True).awaitTermination(300)
    return settings


def unbalanced(settings: Settings) -> str:
    """Close the books of the night as its closing does; return what of them does not hold, nothing when all do."""
    failure = reconcile(NightContext(settings, ZTF, NIGHT, "faults")).failure
    return "" if failure is None else str(failure)


def alarms(settings: Settings) -> set[str]:
    """Return what of a home at this moment is an alarm, now or when it has been so for an hour."""
    return Watched(settings, has_kafka=True).holding()


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
