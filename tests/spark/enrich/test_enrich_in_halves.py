"""An alert that makes enrich raise, for a reason that nobody foresaw: it alone is set aside, after three failures."""

from pathlib import Path
from typing import Any

import pytest
from enrich_bench import Bench, bronze_row
from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame

from fink_lib.enrich import replays, stream
from fink_lib.enrich.stream import Enricher
from fink_lib.lake.pinned import Pinned
from fink_lib.lake.releases import Action, read_releases
from fink_lib.lake.spark.table import read_table
from fink_lib.nightly.reconcile.enriched import enriched_equation
from fink_lib.quarantine.browse import Selection
from fink_lib.quarantine.job import perform, told
from fink_lib.quarantine.release import Decision, Outcome
from fink_lib.streams.attempts import Attempts
from fink_lib.streams.drain import counted_nights
from fink_lib.streams.requests import Requests
from fink_lib.surveys import Damage, get_survey
from fink_lib.surveys.tables import bronze_spec, night_specs
from tests.builders.packet_rows import read_packets

pytestmark = [
    pytest.mark.spark,
    # py4j leaves the sockets of foreachBatch's callbacks to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

PLANTED = "an alert that nobody foresaw"
KEY = ("kafka_topic", "kafka_partition", "kafka_offset")


def keys(frame: DataFrame) -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in frame.select(*KEY).collect())


def each_in_one_place(bench: Bench) -> None:
    bronze = read_table(bronze_spec(bench.survey), bench.session, bench.settings.lake)
    assert keys(bronze) == sorted(keys(bench.silver) + keys(bench.rejected) + keys(bench.quarantine))


@pytest.fixture
def rows(shared_data: Path) -> list[dict[str, Any]]:
    """Alerts of which most go to silver, and one of them again: a repeat in the same batch."""
    packets = list(read_packets(shared_data / "ztf" / "ztf_public_20231018.tar.gz"))[:24]
    found = [bronze_row(get_survey("ztf"), packet, offset) for offset, packet in enumerate(packets)]
    return [*found, {**found[7], "kafka_offset": 1000}]


def plant(monkeypatch: pytest.MonkeyPatch, *alerts: int) -> None:
    """Have the driver raise on alerts that are about to become rows of silver."""
    work = Enricher._files

    def planted(self: Enricher, accepted: Any, *about: Any) -> Any:
        if set(alerts) & set(accepted["alert_id"].to_pylist()):
            raise ValueError(PLANTED)
        return work(self, accepted, *about)

    monkeypatch.setattr(Enricher, "_files", planted)


def die(*about: Any) -> int:
    """End the driver where alerts are about to be set aside; a batch without any records none."""
    if about[-1] == []:
        return 0
    raise RuntimeError("the driver is gone")


def fails(bench: Bench, match: str, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(StreamingQueryException, match=match):
            bench.run()


def test_the_third_failure_finds_the_alert_and_the_others_go_on(
    bench: Bench, rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = rows[7]["alert_id"]
    plant(monkeypatch, bad)
    bench.offer(rows)
    fails(bench, PLANTED, times=2)
    assert Attempts(bench.spec.checkpoint).of(0).failed == 2
    bench.run()
    (aside,) = bench.quarantine.collect()
    assert (aside.stage, aside.alert_id, aside.error_class) == ("enrich", bad, str(Damage.UNFORESEEN))
    assert aside.reason == f"ValueError: {PLANTED}"
    each_in_one_place(bench)
    # the first try called the second arrival a repeat, before anybody knew
    assert (bench.silver.count(), bench.rejected.where("is_duplicate").count()) == (len(rows) - 2, 1)
    before = keys(bench.silver)
    bench.forget_last_commit()
    bench.run()  # the batch is replayed: what was decided stands
    assert (bench.quarantine.count(), keys(bench.silver)) == (1, before)


def test_a_driver_that_dies_before_it_is_set_aside_comes_to_the_same(
    bench: Bench, rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = rows[3]["alert_id"]
    plant(monkeypatch, bad)
    bench.offer(rows)
    fails(bench, PLANTED, times=2)
    with monkeypatch.context() as dying:
        dying.setattr(stream, "unforeseen_rows", die)
        fails(bench, "the driver is gone")
    assert bench.silver.where(f"alert_id = {bad}").count() == 0
    assert bench.silver.count() + bench.rejected.count() == len(rows) - 1, "all others were written"
    bench.run()
    assert [row.alert_id for row in bench.quarantine.collect()] == [bad]
    each_in_one_place(bench)


def test_where_silver_cannot_be_written_at_all_no_alert_is_blamed(
    bench: Bench, rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, *(row["alert_id"] for row in rows))
    bench.offer(rows[:6])
    fails(bench, PLANTED, times=4)
    assert (bench.silver.count(), bench.quarantine.count()) == (0, 0)
    monkeypatch.undo()
    bench.run()
    each_in_one_place(bench)


def balanced(bench: Bench, nights: set[Any]) -> bool:
    tables = Pinned.now(night_specs(bench.survey), bench.settings.lake)
    return all(enriched_equation(tables, night).holds for night in nights)


def ask(bench: Bench) -> Outcome:
    """Ask for a replay, as `fink quarantine replay --error-class unforeseen` does, while no driver runs."""
    chosen = Selection(error_class=str(Damage.UNFORESEEN))
    return perform(bench.settings, bench.survey, Action.REPLAYED, chosen, Decision("NAME", "mended"))


def test_an_alert_that_was_set_aside_is_tried_again_when_a_person_asks(
    bench: Bench, rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, nights = rows[7]["alert_id"], {row["night"] for row in rows}
    plant(monkeypatch, bad)
    bench.offer(rows)
    fails(bench, PLANTED, times=2)
    bench.run()
    assert bench.silver.where(f"alert_id = {bad}").count() == 0
    open_nights = counted_nights(bench.settings, "ztf")
    # Its cause is not mended yet: it raises again, and stays where it is
    assert (
        told(ask(bench))
        == "0 of 1 messages replayed; 1 wait for enrich, which tries them again as soon as its driver runs"
    )
    bench.run()
    assert read_releases(bench.settings.lake, "ztf").num_rows == 0
    assert not Requests(bench.spec).are_there
    assert balanced(bench, nights)
    monkeypatch.undo()
    assert ask(bench).waiting == 1
    # A driver dies between silver and the record of the release: the next one finds the alert in silver
    with monkeypatch.context() as dying:
        dying.setattr(replays, "record_releases", die)
        with pytest.raises(RuntimeError, match="the driver is gone"):
            bench.run()
    assert bench.silver.where(f"alert_id = {bad}").count() == 1
    bench.run()
    (release,) = read_releases(bench.settings.lake, "ztf").to_pylist()
    assert (release["alert_id"], release["stage"], release["action"], release["who"]) == (
        bad,
        "enrich",
        "replayed",
        "NAME",
    )
    assert bench.silver.where(f"alert_id = {bad}").count() == 1
    assert balanced(bench, nights)
    again = counted_nights(bench.settings, "ztf")
    assert {night for night in again if again[night] != open_nights[night]} == {str(rows[7]["night"])}, "closed again"
    assert ask(bench).messages == 0, "what was released is left alone"
    bench.forget_last_commit()
    bench.run()
    assert bench.silver.where(f"alert_id = {bad}").count() == 1
