"""When messages that wait for a schema are replayed: once it has come, and not for ever; without a JVM."""

from dataclasses import replace
from typing import Any

import pytest

from fink_lib.config import Settings
from fink_lib.errors import PacketError
from fink_lib.lake.releases import Action
from fink_lib.quarantine import awaited
from fink_lib.quarantine.awaited import MOST_REPLAYS, WAITING, AwaitedSchemas
from fink_lib.quarantine.release import Outcome
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import LSST, Damage
from fink_lib.surveys.framing import ConfluentFraming, SchemaSource
from tests.unit.quarantine.planted_quarantine import plant_quarantine
from tests.unit.surveys.packets import TOY, body_of

BODY = body_of(TOY, {"id": 7, "text": "x"})


class Told(SchemaSource):
    """A lookup that awaits what it does not know."""

    def __init__(self) -> None:
        self.known: dict[int, dict[str, Any]] = {}

    @property
    def awaits(self) -> bool:
        return True

    def schemas(self) -> dict[int, dict[str, Any]]:
        return self.known

    def by_id(self, schema_id: int) -> dict[str, Any]:
        if schema_id not in self.known:
            raise PacketError(Damage.SCHEMA_AWAITED, f"schema id {schema_id} is awaited")
        return self.known[schema_id]


def message(schema_id: int) -> bytes:
    return b"\x00" + schema_id.to_bytes(4, "big") + BODY


@pytest.fixture
def replays(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was asked of replay, which releases nothing here."""
    asked: list[tuple[Any, ...]] = []

    def replay(*given: Any) -> Outcome:
        asked.append(given)
        return Outcome(Action.REPLAYED, 3)

    monkeypatch.setattr(awaited, "replay", replay)
    return asked


def test_it_waits_for_the_schema_and_gives_up_on_what_that_does_not_cure(
    settings: Settings, replays: list[tuple[Any, ...]]
) -> None:
    source = Told()
    survey = replace(LSST, framing=ConfluentFraming(source))
    watch = AwaitedSchemas(None, StreamSpec("lsst", Stage.INGEST, settings), survey)  # type: ignore[arg-type]
    assert watch.look() is None  # no quarantine at all
    waits = {"error_class": str(Damage.SCHEMA_AWAITED)}
    rows = [
        {"kafka_offset": offset, "raw": message(name), "reason": f"schema id {name} is awaited", **waits}
        for offset, name in enumerate((1100, 1101, 1100))
    ]
    other = {"kafka_offset": 3, "raw": message(1100), "error_class": "truncated"}
    plant_quarantine(settings.lake, [*rows, other], survey)
    assert watch.look() is None
    assert replays == []
    source.known[1101] = TOY
    for _ in range(MOST_REPLAYS + 2):
        watch.look()
    assert len(replays) == MOST_REPLAYS
    _, given, of_survey, selection, decision = replays[0]
    assert (given, of_survey, selection) == (settings, survey, WAITING)
    assert decision.who == "ingest"
    source.known[1100] = TOY
    assert watch.look() is not None


def test_an_idle_quarantine_is_not_read_again(
    settings: Settings, replays: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    survey = replace(LSST, framing=ConfluentFraming(Told()))
    plant_quarantine(settings.lake, [{"kafka_offset": 0, "raw": message(1), "error_class": "truncated"}], survey)
    watch = AwaitedSchemas(None, StreamSpec("lsst", Stage.INGEST, settings), survey)  # type: ignore[arg-type]
    assert watch.look() is None
    monkeypatch.setattr(awaited, "chosen", lambda *_: pytest.fail("read again"))
    assert watch.look() is None
    assert replays == []
