"""A night of real alerts on a real broker through the real streams, closed by all its steps; then a loss planted."""

import json
import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from confluent_kafka import Producer
from pyspark.sql import SparkSession

from expectations.suites import SUITES
from fink_lib.config import Settings
from fink_lib.distribute.stream import plan as distribute
from fink_lib.enrich.science import FORMING
from fink_lib.enrich.stream import plan as enrich
from fink_lib.errors import EquationBroken
from fink_lib.ingest.stream import plan as ingest
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.reading import TopicReader
from fink_lib.lake.losses import accept_losses, read_losses
from fink_lib.nightly import compact, crossmatch, manifest, objects
from fink_lib.nightly.job import NightContext, perform
from fink_lib.nightly.reconcile import step as reconcile
from fink_lib.nightly.reconcile.no_night import undated_night
from fink_lib.nightly.report import step as report
from fink_lib.nightly.results import Step
from fink_lib.nightly.statistics import step as statistics
from fink_lib.quality import step as quality
from fink_lib.quality.matches import broken_matches
from fink_lib.science.framework.registry import stream_modules
from fink_lib.simulator.player import play
from fink_lib.simulator.request import Fault, PlayRequest, PlayResult
from fink_lib.simulator.sample import sample_night
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import get_survey
from tests.browser import browser_page

pytestmark = [
    pytest.mark.spark,
    pytest.mark.kafka,
    # pyspark leaves the socket of a `collect` to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    # Great Expectations leaves the warnings of its own old idioms to its users
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

STREAMS = {Stage.INGEST: ingest, Stage.ENRICH: enrich, Stage.DISTRIBUTE: distribute}
STEPS = {
    Step.RECONCILE: reconcile.run,
    Step.QUALITY: partial(quality.run, suites=SUITES),
    Step.CROSSMATCH: partial(crossmatch.run, broken_matches=partial(broken_matches, expected=SUITES.matches)),
    Step.OBJECTS: objects.run,
    Step.COMPACT: compact.run,
    Step.STATISTICS: statistics.run,
    Step.REPORT: report.run,
    Step.MANIFEST: manifest.run,
}


@dataclass(frozen=True)
class Played:
    """A played night: what was sent, and the settings of its broker and lake."""

    settings: Settings
    sent: PlayResult

    def context(self, run_id: str) -> NightContext:
        (night,) = (night for night in self.sent.nights if night is not None)
        return NightContext(self.settings, get_survey("ztf"), night, run_id)


@pytest.fixture(scope="module")
def played(spark: SparkSession, own_kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Play the sample night with 3 truncated messages and 5 repeats, and run the streams until they have caught up."""
    home = tmp_path_factory.mktemp("real-night")
    settings = Settings(home=home / "home", kafka_bootstrap=own_kafka)
    survey = get_survey("ztf")
    sample_night(settings, get_survey("ztf"))
    faults = {Fault.TRUNCATED: 3, Fault.DUPLICATE: 5}
    sent = play(PlayRequest("sample", survey, settings, faults=faults, seed=7))
    for stage, plan in STREAMS.items():
        session = spark.newSession()
        with closing(plan(session, StreamSpec("ztf", stage, settings), survey)) as planned:
            planned.start(available_now=True).awaitTermination()
    return Played(settings, sent)


Facts = dict[Step, dict[str, Any]]


@pytest.fixture(scope="module")
def facts(played: Played) -> Facts:
    """Close the night; return what each step found."""
    context = played.context("run-1")
    return {step: perform(context, step, function) for step, function in STEPS.items()}


def test_a_real_night_is_closed(played: Played, facts: Facts) -> None:
    context = played.context("run-1")
    closed, night = facts[Step.MANIFEST], context.night.isoformat()
    assert closed["ok"]
    assert closed["offered"] == closed["bronze"] + closed["quarantine"]
    assert closed["bronze"] == closed["silver"] + closed["rejected"] + closed["repeats"] == 320 + 5
    assert closed["repeats"] == 5
    undated = undated_night(played.settings, context.survey, played.sent.topics)
    assert closed["offered"] + undated["offered"] == played.sent.sent == 328
    assert undated["equation_holds"]
    assert sum(closed["published"].values()) > 0
    assert facts[Step.QUALITY]["critical_failed"] == []
    before_after = facts[Step.COMPACT]["tables"]["bronze"]
    assert before_after["after"]["rows"] == before_after["before"]["rows"] == 325
    assert before_after["after"]["files"] <= before_after["before"]["files"]
    # `unknowns` and its like leave no alert of this night unsent: none waits in silver alone.
    assert set(closed["latency_s"]) == {"ingest", "enrich", "distribute", "total"}
    assert all(curve["p50"] <= curve["p95"] <= curve["p99"] for curve in closed["latency_s"].values())
    cost = facts[Step.STATISTICS]["science_cost"]
    assert cost["alerts"] == closed["silver"]
    assert set(cost["seconds"]) == {module.name for module in stream_modules("ztf")} | {FORMING}
    assert all(0 < seconds < 120 for seconds in cost["seconds"].values())
    page = (context.folder / "report.html").read_text()
    assert night in page
    assert "not computed" not in page
    assert json.loads((context.folder / "manifest.v1.json").read_text()) == closed


def test_the_report_of_a_real_night_is_whole_in_a_browser(played: Played, facts: Facts) -> None:
    said: list[str] = []
    asked: list[str] = []
    with browser_page(1280, 900) as page:
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        address = (played.context("run-1").folder / "report.html").as_uri()
        page.goto(address)
        page.locator("details summary", has_text="Everything that was judged").click()
        pictures = page.evaluate("[...document.images].map(one => one.complete && one.naturalWidth > 0)")
        drawings = page.evaluate("[...document.querySelectorAll('svg')].map(one => one.getBoundingClientRect().width)")
        wide = page.evaluate(
            "[...document.querySelectorAll('body *')].filter(one => one.getBoundingClientRect().right > innerWidth + 1)"
            ".map(one => one.outerHTML.slice(0, 120))"
        )
        widths = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [address]  # it needs nothing but itself
    assert len(pictures) >= 3  # the stamps of at least one alert
    assert all(pictures)
    assert len(drawings) > 3
    assert min(drawings) > 0
    assert wide == []
    assert widths[0] <= widths[1] == 1280


def test_a_night_that_was_compacted_balances_as_before(played: Played) -> None:
    first = perform(played.context("run-2"), Step.RECONCILE, reconcile.run)
    context = played.context("run-2")
    perform(context, Step.COMPACT, compact.run)
    again = perform(context, Step.RECONCILE, reconcile.run)
    assert again["counts"] == first["counts"]
    assert again["holds"]


def _commit(producer: Producer, settings: Settings, topic: str) -> None:
    """Commit, and wait until readers see it: Kafka answers before the marker stands in each partition."""
    with TopicReader(Connection.of(settings)) as reader:
        before = reader.watermarks(topic, 0).high
        producer.commit_transaction()
        deadline = time.monotonic() + 30
        while reader.watermarks(topic, 0).high == before:
            assert time.monotonic() < deadline, "the transaction is not seen 30 s after its commit"
            time.sleep(0.05)


def test_a_control_record_is_no_message_and_a_lost_alert_is_named(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "settle", lambda once: once())
    context = played.context("run-3")
    topic = context.survey.topic_of(context.night)
    before = perform(context, Step.RECONCILE, reconcile.run)["counts"]["offered"]
    packet = next(iter(sorted(sample_night(played.settings, get_survey("ztf")).rglob("*.avro")))).read_bytes()
    producer = Producer({"bootstrap.servers": played.settings.kafka_bootstrap, "transactional.id": "lost"})
    producer.init_transactions()
    producer.begin_transaction()
    producer.produce(topic, packet, partition=0)
    _commit(producer, played.settings, topic)
    with pytest.raises(EquationBroken) as raised:
        perform(context, Step.RECONCILE, reconcile.run)
    facts = json.loads((context.folder / "reconcile.json").read_text())
    assert facts["counts"]["offered"] == before + 1  # the end of the transaction takes an offset and is no message
    (lost,) = facts["lost"]
    assert isinstance(lost, int)
    assert str(lost) in str(raised.value)
    outcome = manifest.run(context)
    assert not outcome.result["ok"]
    assert outcome.result["lost"] == [lost]
    _accept_and_close_again(context, topic, before)


def _accept_and_close_again(context: NightContext, topic: str, before: int) -> None:
    """What a person accepts is a term of the equation, and the night is green."""
    (loss,) = read_losses(context.settings.lake, "ztf").found
    assert (loss.place.topic, loss.place.size, loss.night) == (topic, 1, context.night)
    accept_losses(context.settings.lake, "ztf", [loss], "someone", "the test sent it past ingest")
    facts = perform(context, Step.RECONCILE, reconcile.run)
    assert facts["equations"][0]["text"] == f"{before + 1} offered = {before} bronze + 0 quarantine + 1 accepted losses"
    assert (facts["holds"], facts["lost"]) == (True, [])
    assert manifest.run(context).result["equation_holds"]
