"""The equations of a night: they hold on a good night, and each way to break them is named."""

import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import fastavro
import pytest

from fink_lib.distribute.counter import COUNTER
from fink_lib.kafka.message import Facts, to_headers
from fink_lib.kafka.reading import RawMessage, Watermarks
from fink_lib.lake.pinned import Pinned
from fink_lib.lake.places import spans
from fink_lib.lake.versions import Table
from fink_lib.nightly.job import NightContext
from fink_lib.nightly.reconcile import offered
from fink_lib.nightly.reconcile import step as reconcile
from fink_lib.nightly.reconcile.equation import Equation, Fault, check
from fink_lib.nightly.reconcile.published import published_account
from fink_lib.surveys import Survey
from fink_lib.surveys.tables import night_specs
from fink_lib.testing.nights import COUNTED, NIGHT, OUTPUT, TOPIC, FakeKafka, bronze_row, published_row, silver_row

Plant = Callable[[Table, list[dict[str, Any]]], object]

SCHEMA = {
    "type": "record",
    "name": "alert",
    "fields": [
        {"name": "candid", "type": "long"},
        {
            "name": "candidate",
            "type": {"type": "record", "name": "candidate", "fields": [{"name": "jd", "type": "double"}]},
        },
    ],
}


def packet(alert_id: int, jd: float) -> bytes:
    body = io.BytesIO()
    fastavro.schemaless_writer(body, SCHEMA, {"candid": alert_id, "candidate": {"jd": jd}})
    return body.getvalue()


def read(survey: Survey, message: RawMessage) -> tuple[int | None, str | None]:
    try:
        record: Any = fastavro.schemaless_reader(io.BytesIO(message.value or b""), SCHEMA, None)
    except (EOFError, ValueError):
        return None, None
    return record["candid"], survey.night.night_of(record["candidate"]["jd"]).isoformat()


@pytest.fixture(autouse=True)
def _bare_framing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages of this module hold nothing but a datum: framings have tests of their own."""
    monkeypatch.setattr(offered, "identify_input", read)


def look(context: NightContext, kafka: FakeKafka) -> reconcile.Balance:
    return reconcile.look(context, kafka, kafka)  # type: ignore[arg-type]  # the fake answers like a TopicReader


def faults(equation: Equation) -> dict[Fault, tuple[int, list[str]]]:
    return {one.fault: (one.count, [message.label for message in one.named]) for one in equation.differences}


def test_a_good_night_holds(context: NightContext, good_night: FakeKafka) -> None:
    balance = look(context, good_night)
    facts = balance.as_json(context)
    assert check(context.label, balance.equations) is None
    assert facts["holds"]
    assert facts["counts"] == {
        "offered": 9,
        "bronze": 9,
        "quarantine": 0,
        "silver": 6,
        "rejected": 1,
        "repeats": 1,
        "quarantine_enrich": 1,
    }
    assert facts["published"] == {OUTPUT: 2, COUNTED: 6}
    (topic,) = facts["topics"]
    assert topic["offered"] == 10
    assert topic["by_night"] == {
        "2021-11-22": {"bronze": 9, "quarantine": 0, "lost": 0},
        "null": {"bronze": 0, "quarantine": 1, "lost": 0},
    }
    assert topic["adds_up"]
    assert json.dumps(facts)  # everything in it can be stored


def test_a_lost_message_is_named_by_its_alert(context: NightContext, good_night: FakeKafka) -> None:
    good_night.ends[TOPIC, 0] = Watermarks(0, 12)
    good_night.held[TOPIC, 0, 10] = RawMessage(10, None, packet(77, 2459540.75))
    good_night.held[TOPIC, 0, 11] = RawMessage(11, None, b"damaged")
    balance = look(context, good_night)
    assert balance.offered.total == 10  # the damaged one is of no night
    assert faults(balance.offered) == {Fault.LOST: (2, ["77", f"{TOPIC}[0]@11"])}
    assert balance.lost_labels() == [77, f"{TOPIC}[0]@11"]
    error = check(context.label, balance.equations)
    assert error is not None
    assert "ztf 2021-11-22" in str(error)
    assert "77" in str(error)
    by_night = balance.topics[0].by_night
    assert by_night["2021-11-22"].lost == 1
    assert by_night[None].lost == 1
    assert balance.topics[0].adds_up


def test_a_lost_message_of_another_night_answers_there(
    context: NightContext, good_night: FakeKafka, plant: Plant
) -> None:
    good_night.ends[TOPIC, 0] = Watermarks(0, 12)
    good_night.held[TOPIC, 0, 11] = RawMessage(11, None, packet(78, 2459541.75))
    other = NIGHT.replace(day=23)
    late = {"night": other}
    plant(Table.BRONZE, [bronze_row(10, **late)])
    balance = look(context, good_night)
    assert balance.holds  # the other night holds a message of this topic, so its own closing looks here
    assert balance.topics[0].by_night["2021-11-23"].lost == 1


def test_a_lost_message_that_no_other_night_will_look_for_breaks_this_one(
    context: NightContext, good_night: FakeKafka
) -> None:
    good_night.ends[TOPIC, 0] = Watermarks(0, 11)
    good_night.held[TOPIC, 0, 10] = RawMessage(10, None, packet(78, 2459541.75))
    assert faults(look(context, good_night).offered) == {Fault.LOST: (1, ["78"])}


def test_an_offset_that_holds_no_message_was_not_offered(
    context: NightContext, good_night: FakeKafka, plant: Plant
) -> None:
    good_night.ends[TOPIC, 0] = Watermarks(0, 13)
    plant(Table.BRONZE, [bronze_row(11)])
    plant(Table.SILVER, [silver_row(11)])
    balance = look(context, good_night)  # 10 and 12 are control records
    assert balance.holds
    assert balance.topics[0].offered == 11


def test_expired_messages_that_the_lake_has_count_as_offered(context: NightContext, good_night: FakeKafka) -> None:
    good_night.ends[TOPIC, 0] = Watermarks(10, 10)
    balance = look(context, good_night)
    assert balance.holds
    assert balance.topics[0].offered == 10


def test_a_gap_that_has_expired_is_lost_for_good(context: NightContext, good_night: FakeKafka, plant: Plant) -> None:
    good_night.ends[TOPIC, 0] = Watermarks(12, 12)
    plant(Table.BRONZE, [bronze_row(11)])
    plant(Table.SILVER, [silver_row(11)])
    assert faults(look(context, good_night).offered) == {Fault.LOST: (1, [f"{TOPIC}[0]@10"])}


def test_a_topic_that_is_gone_leaves_the_lake_as_witness(context: NightContext, good_night: FakeKafka) -> None:
    del good_night.ends[TOPIC, 0]
    balance = look(context, good_night)
    assert balance.holds
    assert balance.topics[0].offered == 10


def test_a_row_found_twice(context: NightContext, good_night: FakeKafka, plant: Plant) -> None:
    plant(Table.BRONZE, [bronze_row(3)])
    assert faults(look(context, good_night).offered) == {Fault.KEPT_TWICE: (1, ["1000003"])}


def test_a_row_beyond_the_end_of_its_partition(context: NightContext, good_night: FakeKafka) -> None:
    good_night.ends[TOPIC, 0] = Watermarks(0, 9)
    assert faults(look(context, good_night).offered) == {Fault.NEVER_OFFERED: (1, [f"{TOPIC}[0]@9"])}


def test_a_row_missing_in_silver(context: NightContext, good_night: FakeKafka, plant: Plant) -> None:
    good_night.ends[TOPIC, 0] = Watermarks(0, 11)
    plant(Table.BRONZE, [bronze_row(10)])
    balance = look(context, good_night)
    assert balance.offered.holds
    assert faults(balance.enriched) == {Fault.NOT_ENRICHED: (1, ["1000010"])}
    assert balance.lost_labels() == [1_000_010]


def test_two_errors_that_cancel_in_the_sum_are_still_found(
    context: NightContext, good_night: FakeKafka, plant: Plant
) -> None:
    good_night.ends[TOPIC, 0] = Watermarks(0, 11)
    plant(Table.BRONZE, [bronze_row(10)])
    plant(Table.SILVER, [silver_row(2)])
    enriched = look(context, good_night).enriched
    assert enriched.total == sum(enriched.parts.values())
    assert faults(enriched) == {Fault.NOT_ENRICHED: (1, ["1000010"]), Fault.ENRICHED_TWICE: (1, ["1000002"])}
    assert not enriched.holds


def test_a_silver_row_without_bronze(context: NightContext, good_night: FakeKafka, plant: Plant) -> None:
    plant(Table.SILVER, [silver_row(50)])
    assert faults(look(context, good_night).enriched) == {Fault.NOT_FROM_BRONZE: (1, ["1000050"])}


def test_a_message_on_a_topic_without_a_row(context: NightContext, good_night: FakeKafka) -> None:
    good_night.ends[OUTPUT, 0] = Watermarks(0, 3)
    key = json.dumps(SCHEMA).encode()
    good_night.held[OUTPUT, 0, 2] = RawMessage(2, key, packet(1_000_002, 2459540.75))
    published = look(context, good_night).published.equation
    assert published.text == "9 on topics ≠ 8 published"
    assert faults(published) == {Fault.SENT_UNRECORDED: (1, ["1000002"])}


def test_the_counter_of_a_night_is_in_the_equation(context: NightContext, good_night: FakeKafka) -> None:
    good_night.ends["fink_ztf_20211121", 0] = Watermarks(0, 0)  # of another night: none of this one's business
    assert look(context, good_night).as_json(context)["published"] == {OUTPUT: 2, COUNTED: 6}
    good_night.ends[COUNTED, 0] = Watermarks(0, 7)
    facts = Facts(NIGHT, 2**53 + 1, "ZTF21a", COUNTER, "1", None, None, None, "0")
    good_night.held[COUNTED, 0, 6] = RawMessage(6, b"{}", b"?", to_headers(facts))
    published = look(context, good_night).published.equation
    assert faults(published) == {Fault.SENT_UNRECORDED: (1, [str(2**53 + 1)])}


def test_a_topic_that_published_knows_nothing_of(context: NightContext, good_night: FakeKafka) -> None:
    good_night.ends["fink_other_ztf", 4] = Watermarks(0, 1)
    good_night.held["fink_other_ztf", 4, 0] = RawMessage(0, None, b"")
    assert faults(look(context, good_night).published.equation) == {Fault.SENT_UNRECORDED: (1, ["fink_other_ztf[4]@0"])}


def test_a_recorded_message_that_the_topic_never_had(
    context: NightContext, good_night: FakeKafka, plant: Plant
) -> None:
    plant(Table.PUBLISHED, [published_row(2, 3), published_row(1, 4)])
    assert faults(look(context, good_night).published.equation) == {
        Fault.RECORDED_TWICE: (1, ["1000004"]),
        Fault.NEVER_SENT: (1, ["1000003"]),
    }


def test_what_nights_before_sent_is_read_once(context: NightContext, good_night: FakeKafka, plant: Plant) -> None:
    before = {"night": NIGHT - dt.timedelta(1), "topic": OUTPUT}
    good_night.ends[OUTPUT, 0] = Watermarks(0, 4)
    plant(Table.PUBLISHED, [published_row(2, 3, **before), published_row(3, 4, **before)])
    whole = published_account(
        Pinned.now(night_specs(context.survey), context.settings.lake), good_night, context.survey, NIGHT, {}
    )
    for nights in (["2021-11-21", "2021-11-22"], []):
        with (
            patch.object(spans, "runs_of_night", wraps=spans.runs_of_night) as read,
            patch.object(Pinned, "rows", wraps=None) as all_rows,
        ):
            found = published_account(
                Pinned.now(night_specs(context.survey), context.settings.lake),
                good_night, context.survey, NIGHT, {}, spans=reconcile.spans_file(context),
            )  # fmt: skip
        assert found == whole
        assert [call.args[1] for call in read.call_args_list] == nights
        assert not all_rows.called


def test_an_empty_night_holds(context: NightContext) -> None:
    facts = look(context, FakeKafka()).as_json(context)
    assert facts["holds"]
    assert set(facts["counts"].values()) == {0}


def test_a_second_look_finds_what_was_in_flight(context: NightContext, good_night: FakeKafka, plant: Plant) -> None:
    good_night.ends[TOPIC, 0] = Watermarks(0, 11)
    plant(Table.BRONZE, [bronze_row(10)])
    looks = []

    def once() -> reconcile.Balance:
        if looks:
            plant(Table.SILVER, [silver_row(10)])
        looks.append(look(context, good_night))
        return looks[-1]

    assert reconcile.settle(once, pause_s=0.0).holds
    assert [one.holds for one in looks] == [False, True]


def test_input_and_output_may_be_on_two_kafkas(context: NightContext, good_night: FakeKafka) -> None:
    survey = FakeKafka({key: ends for key, ends in good_night.ends.items() if key[0] == TOPIC})
    own = FakeKafka({key: ends for key, ends in good_night.ends.items() if key[0] != TOPIC})
    assert reconcile.look(context, survey, own).holds  # type: ignore[arg-type]
    # A message more on the survey's topic is lost where that topic is, and nothing where it is not looked at.
    for kafka, holds in ((own, True), (survey, False)):
        kafka.ends[TOPIC, 0] = Watermarks(0, 11)
        kafka.held[TOPIC, 0, 10] = RawMessage(10, None, packet(77, 2459540.75))
        balance = reconcile.look(context, survey, own)  # type: ignore[arg-type]
        assert (balance.holds, balance.lost_labels()) == (holds, [] if holds else [77])
