"""The process that carries statements, without Kafka: said once, in nobody's wrong hands, alive while it works."""

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest

from fink_lib.community.kafka import beat, incoming, outgoing
from fink_lib.community.kafka.beat import Alive, read_beat
from fink_lib.community.kafka.incoming import _Incoming, collect
from fink_lib.community.kafka.outgoing import Outgoing
from fink_lib.community.log import Log
from fink_lib.config import Settings

TOLD = {"kind": "comment", "survey": "ztf", "object_id": "ZTF21acoshvy", "body": {"text": "x"}}


def message(told: dict[str, Any], offset: int = 7) -> Any:
    return SimpleNamespace(
        value=lambda: orjson.dumps(told), partition=lambda: 0, offset=lambda: offset, headers=list,
        timestamp=lambda: (1, 1_700_000_000_000), topic=lambda: incoming.INCOMING,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "key"), [({}, "kafka.id.0.7.0"), ({"idempotency_key": None}, "kafka.id.0.7.0"),
                       ({"idempotency_key": "mine"}, "mine")],
)  # fmt: skip
def test_a_message_that_is_read_again_is_said_once(given: dict[str, Any], key: str) -> None:
    (draft,) = _Incoming(message({**TOLD, **given}), "id").drafts()
    assert draft.idempotency_key == key


def test_it_says_that_it_lives_before_each_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused: list[Any] = []
    consumer = SimpleNamespace(commit=lambda **_: None, close=lambda: None)
    connection = SimpleNamespace(consumer=lambda *_: consumer, bootstrap="nowhere")
    monkeypatch.setattr(incoming.Connection, "of", lambda _settings: connection)
    monkeypatch.setattr(incoming, "topic_ids", lambda *_: {})
    monkeypatch.setattr(incoming, "waiting", lambda *_: [[message(TOLD, number) for number in range(5)]])
    monkeypatch.setattr(incoming, "keep", lambda _lake, found: refused.extend(found))
    times: list[int] = []
    settings = Settings(home=tmp_path)
    assert collect(settings, Log(settings.lake), lambda: times.append(1)) == Counter(refused=5)
    assert len(times) == 5
    assert len(refused) == 5


def test_a_last_word_is_renewed_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Settings] = []
    settings, now = Settings(home=tmp_path), SimpleNamespace(now=100.0)
    monkeypatch.setattr(beat, "beat", written.append)
    monkeypatch.setattr(beat, "time", SimpleNamespace(monotonic=lambda: now.now))
    alive = Alive(settings)
    for at in (100.0, 100.5, 101.0, 101.9, 102.0):
        now.now = at
        alive()
    assert len(written) == 3
    assert read_beat(settings) is None


def test_what_is_said_to_a_circle_stays_where_nobody_can_tell_who_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ensure_topics` lets a Kafka pass whose rules are not ours: there, whoever runs it says who reads."""
    known = {"community_ztf.group.closed": True, "community_ztf.group.open": False}
    monkeypatch.setattr(outgoing, "ensure_topics", lambda *_: None)
    monkeypatch.setattr(outgoing, "is_closed", lambda _admin, topic: known[topic])
    monkeypatch.setattr(outgoing.Connection, "of", lambda _settings: SimpleNamespace(admin=lambda: None))
    monkeypatch.setattr(outgoing, "ReportingProducer", lambda *_: None)
    monkeypatch.setattr(outgoing, "_last_on_topics", lambda *_: {})
    settings = Settings(home=tmp_path)
    sends = Outgoing(settings, Log(settings.lake), tmp_path)
    cast("Any", sends)._ensure({"community_ztf", *known})
    assert (sends._topics, sends._withheld) == (
        {"community_ztf", "community_ztf.group.closed"},
        {"community_ztf.group.open"},
    )
