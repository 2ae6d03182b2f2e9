"""An alert that cannot leave is set aside, with the reason; those beside it leave, and no other try is made."""

import os
from typing import Any

import pytest

from fink_lib.distribute import distributor
from fink_lib.distribute.failures import EVERY_FILTER
from fink_lib.lake.small import read_rows
from fink_lib.lake.tables import gold_filter_failures
from fink_lib.surveys import ZTF
from fink_lib.surveys.tables import bronze_spec
from fink_lib.testing.bytes import kept_bytes
from tests.builders.packet_rows import Packet, sample_packets
from tests.spark.distribute.planted import add, rows_of
from tests.streams.distribute.conftest import SET_BY_HAND, Bench

pytestmark = [pytest.mark.spark, pytest.mark.kafka]

FIRST, NEW = 60, 10
# Places of alerts that a filter selects, see `conftest.science`
LARGE, TWICE, DIFFERENT, FINE = 62, 63, 67, 68
LARGER_THAN_KAFKA_TAKES = 11_000_000


@pytest.mark.parametrize("tasks_from", [500, 1], ids=["by the driver", "by tasks"])
def test_an_alert_that_cannot_leave_holds_up_no_other(
    bench: Bench, packets: list[Packet], monkeypatch: pytest.MonkeyPatch, tasks_from: int
) -> None:
    monkeypatch.setattr(distributor, "TASKS_FROM", tasks_from)
    night = [dict(packet) for packet in sample_packets(FIRST + NEW)[FIRST:]]
    shift = 10**9 * tasks_from  # alerts that nobody knows yet, for each way
    for packet in night:
        packet["candid"] += shift
        packet["candidate"] = {**packet["candidate"], "candid": packet["candid"], "programid": 1}
    large = night[LARGE - FIRST]
    large["cutoutScience"] = {**large["cutoutScience"], "stampData": os.urandom(LARGER_THAN_KAFKA_TAKES)}
    bench.arrive(night, first=FIRST + tasks_from * 1000)
    _again(bench, night, TWICE - FIRST, first=FIRST + tasks_from * 1000)
    _again(bench, night, DIFFERENT - FIRST, first=FIRST + tasks_from * 1000, objectId="ZTF18zzzzzzz")
    bench.run()
    left = {(alert, by) for alert, by in bench.published().values() if by in SET_BY_HAND}
    gone = {
        at: [by for alert, by in left if alert == night[at - FIRST]["candid"]] for at in (LARGE, TWICE, DIFFERENT, FINE)
    }
    assert (gone[LARGE], gone[DIFFERENT]) == ([], [])
    assert gone[TWICE]
    assert gone[FINE]
    told = failures(bench, night)
    assert all(by != EVERY_FILTER and why.endswith("Message size too large") for by, why in told[LARGE])
    assert told[DIFFERENT] == [(EVERY_FILTER, "bronze holds two packets of different bytes in its place")]
    assert set(told) == {LARGE, DIFFERENT}
    before = bench.published()
    bench.run()
    assert bench.published() == before


def _again(bench: Bench, night: list[Packet], at: int, first: int, **changes: Any) -> None:
    """Put one packet into bronze once more, in the place that it has."""
    spec, packet = bronze_spec(ZTF), {**night[at], **changes}
    rows = rows_of(spec, [packet], lambda _, one: kept_bytes(one, "ztf", bench.lake), first + at)
    add(bench.session, spec, bench.lake, rows)


def failures(bench: Bench, night: list[Packet]) -> dict[int, list[tuple[str, str]]]:
    """Return filter and reason of each failure, by the place of its alert in the night."""
    places = {packet["candid"]: at for at, packet in enumerate(night, start=FIRST)}
    found: dict[int, list[tuple[str, str]]] = {}
    for row in read_rows(gold_filter_failures("ztf"), bench.lake):
        if row["alert_id"] in places:
            found.setdefault(places[row["alert_id"]], []).append((row["filter"], row["reason"]))
    return found
