"""An alert that makes distribute raise, for a reason that nobody foresaw: it leaves by no filter, all others do."""

from typing import Any

import pyarrow.compute as pc
import pytest
from pyspark.errors import StreamingQueryException

from fink_lib.distribute import distributor
from fink_lib.distribute.counter import COUNTER
from fink_lib.distribute.failures import EVERY_FILTER, FailureBook
from fink_lib.distribute.handing import Handing
from fink_lib.distribute.match import Match
from fink_lib.lake.small import read_rows
from fink_lib.lake.tables import gold_filter_failures
from fink_lib.streams.attempts import Attempts
from tests.builders.packet_rows import Packet, sample_packets
from tests.streams.distribute.conftest import Bench

pytestmark = [pytest.mark.spark, pytest.mark.kafka]

PLANTED = "an alert that nobody foresaw"


def plant(patch: pytest.MonkeyPatch, bad: int) -> None:
    """Have the driver raise on an alert, when others of its part are with the producer already."""
    work = Handing._offer

    def planted(self: Handing, one: Match, *about: Any) -> None:
        if one.alert_id == bad:
            raise ValueError(PLANTED)
        work(self, one, *about)

    patch.setattr(Handing, "_offer", planted)


def die(*about: Any) -> int:
    """End the driver where alerts are about to be set aside; a batch without any records none."""
    if about[-1] == []:
        return 0
    raise RuntimeError("the driver is gone")


def fails(bench: Bench, match: str, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(StreamingQueryException, match=match):
            bench.run()


def sent(bench: Bench) -> list[tuple[int, str]]:
    return sorted((one.facts.alert_id, one.facts.filter) for one in bench.standing())


def aside(bench: Bench) -> list[tuple[int, str]]:
    rows = read_rows(gold_filter_failures("ztf"), bench.lake, pc.field("filter") == EVERY_FILTER)
    return [(row["alert_id"], row["reason"]) for row in rows]


def test_the_third_failure_finds_the_alert_and_all_others_leave_once(
    bench: Bench, packets: list[Packet], monkeypatch: pytest.MonkeyPatch
) -> None:
    # number 33 is public and selected
    bad = packets[33]["candid"]
    with monkeypatch.context() as patch:
        patch.setattr(distributor, "ALERTS_AT_ONCE", 8)
        plant(patch, bad)
        fails(bench, PLANTED, times=2)
        assert Attempts(bench.spec.checkpoint).of(0).failed == 2
        with patch.context() as dying:
            dying.setattr(FailureBook, "record", die)
            fails(bench, "the driver is gone")
        assert aside(bench) == []
        bench.run()
    assert aside(bench) == [(bad, f"ValueError: {PLANTED}")]
    found = sent(bench)
    assert len(set(found)) == len(found)
    assert bad not in {alert for alert, _ in found}
    public = {packet["candid"] for packet in packets if packet["candidate"]["programid"] == 1}
    assert {alert for alert, by in found if by == COUNTER} == public - {bad}
    assert bench.published() == {
        (one.topic, one.partition, one.offset): (one.facts.alert_id, one.facts.filter) for one in bench.standing()
    }


def test_the_stream_goes_on_with_what_comes_next(bench: Bench, packets: list[Packet]) -> None:
    before = len(sent(bench))
    bench.arrive(sample_packets(70)[60:], first=60)
    bench.run()
    assert len(sent(bench)) > before


def test_where_nothing_can_be_sent_no_alert_is_blamed(
    bench: Bench, packets: list[Packet], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ValueError(PLANTED)

    before = aside(bench)
    bench.arrive(sample_packets(80)[70:], first=70)
    with monkeypatch.context() as patch:
        patch.setattr(Handing, "_offer", broken)
        fails(bench, PLANTED, times=4)
    assert aside(bench) == before
    bench.run()
    found = sent(bench)
    assert len(set(found)) == len(found)
