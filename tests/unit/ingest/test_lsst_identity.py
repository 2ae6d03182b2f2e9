"""Who a Rubin alert is: ids digit by digit as their index has them, objects that move or do not, nights."""

import csv
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from fink_lib.ingest.judge import MESSAGE, Judge
from fink_lib.surveys import LSST, Survey
from fink_lib.surveys.framing import ConfluentFraming, FolderSchemas, decode
from tests.unit.surveys.lsst_messages import TELLING, framed, id_of, misnamed, schemas, wire, with_id

OLDEST = 701  # that is read


@pytest.fixture(scope="module")
def lsst(real_alerts: Path) -> Survey:
    return replace(LSST, framing=ConfluentFraming(FolderSchemas(real_alerts / "schemas" / "lsst"), "7.1"))


def judged(survey: Survey, messages: list[bytes]) -> list[dict[str, Any]]:
    """Judge messages in one batch, as a worker of ingest does; in their order."""
    count = len(messages)
    columns = {name: pa.nulls(count, pa.null()) for name in MESSAGE}
    columns |= {"value": pa.array(messages, pa.binary()), "offset": pa.array(range(count), pa.int64())}
    columns["timestamp"] = pa.nulls(count, pa.timestamp("us", tz="UTC"))
    rows = [row for part in Judge(survey, None).rows(pa.RecordBatch.from_pydict(columns)) for row in part.to_pylist()]
    return sorted(rows, key=lambda row: row["kafka_offset"])


@pytest.fixture(scope="module")
def index(shared_data: Path) -> dict[str, dict[str, str]]:
    with (shared_data / "lsst" / "index.csv").open(newline="") as file:
        return {row["diaSourceId"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def rows(shared_data: Path, lsst: Survey) -> list[dict[str, Any]]:
    return judged(lsst, [message for _, message in wire(shared_data)])


def test_ids_are_those_of_the_index_digit_by_digit(
    rows: list[dict[str, Any]], index: dict[str, dict[str, str]]
) -> None:
    assert len(rows) == len(index) == 136
    assert {row["error_class"] for row in rows} == {None}
    assert {str(row["alert_id"]) for row in rows} == set(index)
    static = {str(row["alert_id"]): row["object_id"] for row in rows if not row["object_id"].startswith("SSO")}
    assert static == {name: row["diaObjectId"] for name, row in index.items() if row["diaObjectId"]}
    assert len(static) == 102
    beyond_float = [row["alert_id"] for row in rows if int(float(row["alert_id"])) != row["alert_id"]]
    assert len(beyond_float) > 100  # a float on the way would have changed these


def test_moving_objects_are_named_by_the_source_not_by_its_orbit(
    rows: list[dict[str, Any]], shared_data: Path, lsst: Survey
) -> None:
    packets = [decode(lsst.framing.unwrap(message)) for _, message in wire(shared_data)]
    moving = [(row, packet) for row, packet in zip(rows, packets, strict=True) if packet["ssSource"]]
    assert len(moving) == 34
    for row, packet in moving:
        assert row["object_id"] == f"SSO{packet['diaSource']['ssObjectId']}"
        assert packet["diaSource"]["diaObjectId"] == 0
    rounded = [packet for _, packet in moving if packet["ssSource"]["ssObjectId"] != packet["diaSource"]["ssObjectId"]]
    assert len(rounded) == 2
    assert len({row["object_id"] for row, _ in moving}) == 34


def test_packets_without_the_record_of_their_object_are_kept(rows: list[dict[str, Any]]) -> None:
    bare = {170587117053804617, 170591547471429724, 170595945463939107}
    kept = [row for row in rows if row["alert_id"] in bare]
    assert len(kept) == 3
    assert all(row["object_id"] for row in kept)
    told = next(rule for rule in LSST.rules if rule.name == "object_told")
    assert told.severity == "warning"
    assert 1 - len(kept) / len(rows) > told.mostly, "what is known of real packets is no fault of a night"


def test_a_source_of_no_object_is_kept_without_a_name(real_alerts: Path, lsst: Survey) -> None:
    """Fake packets have 0 for both."""
    fake = [message for name, message in framed(real_alerts) if "fake_full" in name and id_of(message) == 1101]
    (row,) = judged(lsst, fake)
    assert row["object_id"] is None
    assert (row["alert_id"], row["error_class"]) == (281323062375219200, None)


def test_the_night_is_the_day_obs_of_the_visit(
    rows: list[dict[str, Any]], index: dict[str, dict[str, str]], shared_data: Path, lsst: Survey
) -> None:
    for row in rows:
        assert f"{row['night']:%Y%m%d}" == str(int(index[str(row["alert_id"])]["visit"]) // 100_000)
    on_sky = [message for name, message in framed(shared_data) if "onsky" in name]
    nights = Counter(str(row["night"]) for row in judged(lsst, on_sky))
    visits = Counter(decode(lsst.framing.unwrap(message))["diaSource"]["visit"] // 100_000 for message in on_sky)
    assert {name.replace("-", ""): count for name, count in nights.items()} == {str(k): n for k, n in visits.items()}


def test_several_versions_in_one_batch(shared_data: Path, lsst: Survey) -> None:
    """10.0, 11.0 and 11.1 turn by turn, with one of an id that nobody knows and one of 7.0."""
    some: dict[int, list[bytes]] = {1000: [], 1100: [], 1101: []}
    for name, message in framed(shared_data):
        if id_of(message) in some and ("derived" in name or "lasair" in name):
            some[id_of(message)].append(message)
    turn = [message for trio in zip(*some.values(), strict=False) for message in trio]
    older = next(message for _, message in framed(shared_data) if id_of(message) == 700)
    unknown = b"\x00" + (1299).to_bytes(4, "big") + turn[0][5:]
    found = judged(lsst, [*turn, unknown, older])
    assert len(turn) == 33
    for message, row in zip(turn, found, strict=False):
        assert (row["error_class"], row["schema_version"]) == (None, "{}.{}".format(*divmod(id_of(message), 100)))
        assert row["alert_id"] == decode(lsst.framing.unwrap(message))["diaSource"]["diaSourceId"]
        assert row["head"] + row["tail"] == message[5:]
    assert [row["error_class"] for row in found[-2:]] == ["unknown_schema"] * 2
    assert found[-1]["reason"] == "the packet is of schema 7.0: 7.1 is the oldest that is read here"
    assert len({row["schema_sha256"] for row in found[:-2]}) == len(schemas(shared_data).schemas().keys() & some.keys())


def test_a_message_under_a_wrong_schema_id_is_set_aside_whole(shared_data: Path, lsst: Survey) -> None:
    """By the reader of ingest itself, which reads a few columns and walks over the rest."""
    wrong = [(message, other) for message, other in misnamed(shared_data) if other >= OLDEST]
    assert len({(id_of(message), other) for message, other in wrong}) == len(TELLING) - 1  # without 7.0
    sent = [with_id(message, other) for message, other in wrong]
    found = judged(lsst, sent)
    assert {row["error_class"] for row in found} <= {"undecodable", "truncated", "trailing_garbage"}
    assert [row["raw"] for row in found] == sent
    assert all(row["reason"] for row in found)
    honest = Counter(row["error_class"] for row in judged(lsst, [message for message, _ in wrong]))
    assert honest == {None: len(wrong) - honest["bad_value"], "bad_value": honest["bad_value"]}  # fakes without a date
    assert honest[None] > 200
