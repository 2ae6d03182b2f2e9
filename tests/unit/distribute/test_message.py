"""Headers hold all that `published` says of a message."""

import datetime as dt
from dataclasses import fields, replace

import pytest

from fink_lib.kafka.message import Facts, from_headers, to_headers

NOW = dt.datetime(2021, 11, 22, 3, 4, 5, 678901, tzinfo=dt.UTC)
FACTS = Facts(dt.date(2021, 11, 22), 2**53 + 1, "ZTF21abcdefg", "kn", "1.2", NOW, NOW, NOW, "0.1.0")


@pytest.mark.parametrize(
    "facts", [FACTS, replace(FACTS, object_id=None), replace(FACTS, kafka_time=None, ingest_time=None)]
)
def test_facts_are_read_back_to_the_microsecond(facts: Facts) -> None:
    assert from_headers(to_headers(facts)) == facts


def test_every_fact_has_a_header() -> None:
    assert len(to_headers(FACTS)) == len(fields(Facts))


@pytest.mark.parametrize("headers", [None, [], [("alert_id", b"1")], [("alert_id", b"x"), ("night", b"today")]])
def test_a_message_of_somebody_else_is_told_apart(headers: list[tuple[str, bytes]] | None) -> None:
    assert from_headers(headers) is None


def test_an_unreadable_fact_is_not_ours() -> None:
    assert from_headers([*to_headers(FACTS)[1:], ("alert_id", b"not a number")]) is None
