"""Both framings of a message, and the counter's topics."""

import datetime as dt
import io

import fastavro
import pytest

from fink_lib.config import Settings
from fink_lib.distribute import counter
from fink_lib.distribute.framing import Confluent, Embedded, framings
from fink_lib.distribute.output_topics import is_output_topic
from fink_lib.errors import ConfigError


def test_the_schema_is_in_the_key_or_four_bytes_name_it() -> None:
    assert Embedded().frame("ZTF1", b"datum", b"{}") == (b"{}", b"datum")
    numbers = {b"{}": 0x01020304, b"[]": 5}
    framing = Confluent(numbers.__getitem__)
    assert framing.frame("ZTF1", b"datum", b"{}") == (b"ZTF1", b"\x00\x01\x02\x03\x04datum")
    assert framing.frame("ZTF1", b"datum", b"[]") == (b"ZTF1", b"\x00\x00\x00\x00\x05datum")


def test_only_the_topics_that_are_named_are_compact(settings: Settings) -> None:
    assert framings(settings, ["a", "b"], [b"{}"]) == {"a": Embedded(), "b": Embedded()}
    asked = settings.model_copy(update={"compact_topics": "a, c"})
    assert set(framings(asked, ["b"], [b"{}"])) == {"b"}
    with pytest.raises(ConfigError, match="topic a is to be compact: set FINK_SCHEMA_REGISTRY"):
        framings(asked, ["a", "b"], [])


def test_counter_topics_are_told_from_those_of_filters() -> None:
    topic = counter.counter_topic("ztf", dt.date(2023, 10, 18))
    assert topic == "fink_ztf_20231018"
    assert counter.is_counter_topic(topic)
    mine = [topic, "fink_kn_candidates_ztf", "fink_ztf_20231018_ztf"]
    others = ["fink_lsst_20231018", "fink_kn_candidates_lsst", "fink_ztf_2023", "ftransfer_ztf_2023", "fink__ztf2"]
    assert [name for name in [*mine, *others] if is_output_topic(name, "ztf")] == mine
    assert counter.of_filters({topic: 9, "fink_a_ztf": 2}) == {"fink_a_ztf": 2}


def test_a_counter_message_names_object_and_alert() -> None:
    for facts in ({"objectId": "ZTF21a", "alertId": 2**53 + 1}, {"objectId": None, "alertId": 1}):
        body = counter.datum(facts["objectId"], facts["alertId"])
        assert fastavro.schemaless_reader(io.BytesIO(body), counter.SCHEMA, None) == facts
