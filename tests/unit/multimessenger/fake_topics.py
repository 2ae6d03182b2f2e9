"""Topics of counterparts in memory, in the place of Kafka's."""

import datetime as dt
import io
import json
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

import fastavro
import pytest

from fink_lib.config import Settings
from fink_lib.distribute.counterparts.topics import Key, Message, Said
from fink_lib.errors import BrokerError
from fink_lib.nightly import counterparts


class FakeTopics:
    """What was sent, in order; while it is down, Kafka does not answer."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.messages: list[Message] = []
        self.records: list[dict[str, Any]] = []
        self.down = False
        patch.setattr(counterparts, "said_of", self.said_of)
        patch.setattr(counterparts, "send", self.send)

    def said_of(self, _settings: Settings, _topics: Collection[str], night: dt.date) -> dict[Key, Said]:
        if self.down:
            raise BrokerError("Kafka does not answer")
        return {one.key: one.said for one in self.messages if one.facts.night == night}

    def send(self, _settings: Settings, topics: Collection[str], schema: str, news: Iterable[Message]) -> Counter[str]:
        sent = list(news)
        assert {one.topic for one in sent} <= set(topics)
        self.messages += sent
        self.records += [decoded(schema.encode(), one.value) for one in sent]
        return Counter(one.topic for one in sent)

    def told(self) -> list[tuple[str, int, bool]]:
        """Return topic, alert and whether it stands, in order of sending."""
        return [(one.topic, one.facts.alert_id, one.said.stands) for one in self.messages]


def decoded(key: bytes, value: bytes) -> dict[str, Any]:
    """Read a message as fink-client does: by the schema in its key."""
    found = fastavro.schemaless_reader(io.BytesIO(value), fastavro.parse_schema(json.loads(key)), None)
    assert isinstance(found, dict)
    return found
