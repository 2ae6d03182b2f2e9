"""What contradicts an alert: its place, its time, its object's name; and that no real packet does."""

import time
from pathlib import Path
from typing import Any

import pytest

from fink_lib.errors import PacketError
from fink_lib.simulator.packets import messages_of
from fink_lib.simulator.reading import read_path
from fink_lib.surveys import SURVEYS, ZTF, get_survey
from fink_lib.surveys.checks import decode
from fink_lib.surveys.rules import broken_rule
from tests.unit.ingest.messages import JD, ztf_record

NOW = 1_767_322_000.0  # 2026-01-02


def changed(**candidate: Any) -> dict[str, Any]:
    record = ztf_record(1)
    return {**record, "candidate": {**record["candidate"], **candidate}}


@pytest.mark.parametrize(
    ("candidate", "broken"),
    [
        ({}, None),
        ({"ra": 360.0}, None),
        ({"ra": 360.1}, "ra"),
        ({"ra": float("nan")}, "ra"),
        ({"dec": 90.1}, "dec"),
        ({"jd": float("nan")}, "time"),
        ({"jd": 2440587.5 + NOW / 86400.0 + 0.9}, None),
        ({"jd": 2440587.5 + NOW / 86400.0 + 1.1}, "not_ahead"),
    ],
)
def test_place_and_time(candidate: dict[str, float], broken: str | None) -> None:
    assert broken_rule(changed(**candidate), ZTF, NOW) == broken


def test_without_a_time_of_kafka_nothing_is_ahead_of_it() -> None:
    for kafka_unix_s in (None, -0.001, 0.0):
        assert broken_rule(changed(jd=JD + 20_000.0), ZTF, kafka_unix_s) is None


@pytest.mark.parametrize(
    "name",
    ["../../../x", "<b>x</b>", "ZTF20aaaaaaa\x00", "ZTF20aaaaaaa\n", "Z" * 300, "", "ZTF20aaaaaa", "ztf20aaaaaaa"],
)
def test_what_is_no_name_of_an_object(name: str) -> None:
    assert broken_rule({**changed(), "objectId": name}, ZTF, NOW) == "object_id"


@pytest.mark.parametrize("survey", sorted(SURVEYS))
def test_no_survey_lets_a_name_pass_that_is_a_path_or_markup(survey: str) -> None:
    adapter = get_survey(survey)
    parts = adapter.fields.object_id.split(".")
    for name in ("../../../x", "a/b", "<script>", "x\x1b[31m", "A" * 300, " "):
        record: dict[str, Any] = {parts[-1]: name}
        for part in reversed(parts[:-1]):
            record = {part: record}
        merged = record | ({} if adapter.fields.alert_id in record else nested(adapter.fields.alert_id, record))
        assert broken_rule(merged, adapter, None) == "object_id", name


def nested(path: str, beside: dict[str, Any]) -> dict[str, Any]:
    """Return an id at a path, without taking away what stands beside it."""
    root, _, leaf = path.partition(".")
    return {root: {**beside.get(root, {}), leaf: 1}} if leaf else {root: 1}


def test_no_real_packet_of_ztf_breaks_a_rule(shared_data: Path) -> None:
    seen = 0
    for archive in sorted((shared_data / "ztf").glob("*.tar.gz")):
        for content in read_path(archive):
            for message, _ in messages_of(content, ZTF):
                try:
                    record = decode(ZTF.framing.unwrap(message))
                except PacketError:
                    continue
                if "candidate" in record:
                    assert broken_rule(record, ZTF, time.time()) is None, content.name
                    seen += 1
    assert seen == 1336
