"""The driver looks at what was said: each statement once, and none of them stops the stream."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fink_lib.community.draft import Draft
from fink_lib.community.log import Log, shared_log
from fink_lib.community.people import Person
from fink_lib.community.saying import say
from fink_lib.config import Settings
from fink_lib.distribute import reactor
from fink_lib.distribute.reactor import LOOKED_UP_TO, TRIES, Reactor
from fink_lib.errors import BrokerError, LakeError
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.streams.stop import PlanOutdated
from fink_lib.surveys import get_survey

ANNA = Person("anna")
POISON = "ZTF20poisons"


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StreamSpec:
    """A stream whose driver waits for nothing."""
    monkeypatch.setattr(reactor, "PAUSE_S", 0.0)
    found = StreamSpec("ztf", Stage.DISTRIBUTE, Settings(home=tmp_path / "home"))
    found.paths.root.mkdir(parents=True)
    return found


class Fired(Reactor):
    """Sends nothing; keeps which objects it would, and raises what it is told to."""

    def __init__(self, spec: StreamSpec) -> None:
        nothing = cast("Any", SimpleNamespace())
        super().__init__(nothing, spec, get_survey("ztf"), nothing, nothing)
        self.objects: list[str] = []
        self.raises: dict[str, Exception] = {}

    def _fire(self, rules: Any, row: Any) -> int:  # noqa: ARG002 - what it stands in for
        self.objects.append(row["object_id"])
        if row["object_id"] in self.raises:
            raise self.raises[row["object_id"]]
        return 1


def rule(log: Log) -> None:
    body = {"reaction": "fast", "kinds": ["annotation"]}
    say(log, ANNA, [Draft.of({"kind": "reaction", "survey": "ztf", "body": body})])


def annotated(log: Log, object_id: str) -> str:
    told = {"kind": "annotation", "survey": "ztf", "object_id": object_id, "body": {"annotator": "net"}}
    return str(say(log, ANNA, [Draft.of(told)])[0]["statement_id"])


def test_each_statement_is_looked_at_once(spec: StreamSpec) -> None:
    log = shared_log(spec.settings)
    rule(log)
    annotated(log, "ZTF20aaaaaaa")
    driver = Fired(spec)
    assert driver() == 0, "what was said before anybody looked fires nothing"
    last = annotated(log, "ZTF20aaaaaab")
    assert [driver(), driver()] == [1, 0]
    assert (spec.paths.root / LOOKED_UP_TO).read_text() == last
    assert Fired(spec)() == 0
    assert driver.objects == ["ZTF20aaaaaab"]


def test_a_statement_that_fails_is_passed_over_and_the_next_ones_fire(spec: StreamSpec) -> None:
    log = shared_log(spec.settings)
    rule(log)
    driver = Fired(spec)
    driver.raises[POISON] = LakeError("bronze lacks the packets of 1 of 1 alerts")
    for name in ("ZTF20aaaaaaa", POISON, "ZTF20aaaaaab"):
        annotated(log, name)
    assert sum(driver() for _ in range(TRIES + 2)) == 2
    assert driver.objects == ["ZTF20aaaaaaa", *[POISON] * TRIES, "ZTF20aaaaaab"]


def test_a_kafka_that_is_away_loses_nothing(spec: StreamSpec) -> None:
    log = shared_log(spec.settings)
    rule(log)
    driver = Fired(spec)
    driver.raises[POISON] = BrokerError("Kafka is away")
    annotated(log, POISON)
    assert sum(driver() for _ in range(2 * TRIES)) == 0
    driver.raises.clear()
    assert driver() == 1


def test_a_topic_made_anew_is_for_the_run_loop(spec: StreamSpec) -> None:
    log = shared_log(spec.settings)
    rule(log)
    driver = Fired(spec)
    driver.raises[POISON] = PlanOutdated("made anew")
    annotated(log, POISON)
    with pytest.raises(PlanOutdated):
        driver()


def test_a_log_that_cannot_be_read_does_not_stop_the_stream(spec: StreamSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    log = shared_log(spec.settings)
    rule(log)
    with monkeypatch.context() as damaged:
        damaged.setattr(log, "now", lambda: json.loads("{"))
        driver = Fired(spec)
        assert driver() == 0
    assert driver() == 0, "nobody had looked before"
    annotated(log, "ZTF20aaaaaaa")
    assert driver() == 1
    with monkeypatch.context() as damaged:
        damaged.setattr(reactor, "rules_of", lambda *_: json.loads("{"))
        annotated(log, "ZTF20aaaaaab")
        assert driver() == 0
    assert driver() == 1


def test_what_was_taken_back_fires_nothing(spec: StreamSpec) -> None:
    log = shared_log(spec.settings)
    rule(log)
    driver = Fired(spec)
    name = annotated(log, "ZTF20aaaaaaa")
    say(log, ANNA, [Draft.of({"kind": "withdrawal", "survey": "ztf", "supersedes": name})])
    assert driver() == 0
    assert driver.objects == []


def test_some_seconds_are_spent_at_once_and_the_rest_comes_next(
    spec: StreamSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reactor, "AT_ONCE_S", -1.0)
    log = shared_log(spec.settings)
    rule(log)
    driver = Fired(spec)
    for name in ("ZTF20aaaaaaa", "ZTF20aaaaaab"):
        annotated(log, name)
    assert [driver() for _ in range(4)] == [1, 1, 0, 0]


def test_a_log_put_back_from_a_copy_does_not_fire_again(spec: StreamSpec) -> None:
    log = shared_log(spec.settings)
    rule(log)
    driver = Fired(spec)
    name = annotated(log, "ZTF20aaaaaaa")
    assert driver() == 1

    (spec.paths.root / LOOKED_UP_TO).write_text(f"ff{name[2:]}")  # said after the copy was made, and gone
    assert Fired(spec)() == 0
