"""What Kafka holds after a play is what the truth manifest says, byte for byte."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from typer import Typer
from typer.testing import CliRunner

from fink_lib.cli.simulate import simulate
from fink_lib.config import Settings
from fink_lib.errors import BrokerError
from fink_lib.simulator import Fault, PlayRequest, play, sample_night
from fink_lib.simulator.sample import folder_sha256
from fink_lib.surveys import get_survey, value_at
from fink_lib.surveys.framing import check_cutouts, check_known, decode
from tests.unit.simulator.alerts import message

pytestmark = pytest.mark.kafka
ZTF = get_survey("ztf")
JD_1999 = 2451180.2  # nights of 1999 belong to these tests alone
TIMEOUT_S = 30.0


@pytest.fixture
def to_kafka(settings: Settings, kafka: str) -> Settings:
    return settings.model_copy(update={"kafka_bootstrap": kafka})


def read_topic(bootstrap: str, offsets: dict[int, tuple[int, int]], topic: str) -> dict[tuple[int, int], Any]:
    """Every message of a topic by partition and offset: key and digest."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "tests", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, partition, first) for partition, (first, _) in offsets.items()])
    wanted = sum(end - first for first, end in offsets.values())
    found: dict[tuple[int, int], Any] = {}
    deadline = time.monotonic() + TIMEOUT_S
    while len(found) < wanted and time.monotonic() < deadline:
        got = consumer.poll(0.5)
        if got is not None and got.error() is None:
            found[(got.partition(), got.offset())] = (got.key(), hashlib.sha256(got.value()).hexdigest())
    consumer.close()
    return found


def write_night(folder: Path, jd: float, count: int = 40) -> Path:
    folder.mkdir()
    for number in range(count):
        data = message(int(jd) * 1000 + number, jd=jd + number // 10 * 0.001)
        (folder / f"{number:02}.avro").write_bytes(data)
    return folder


def test_kafka_holds_what_the_truth_says(tmp_path: Path, to_kafka: Settings) -> None:
    folder = write_night(tmp_path / "night", JD_1999)
    (folder / "README.md").write_text("no packet")
    (folder / "empty.avro").write_bytes(b"")
    faults = {Fault.DUPLICATE: 5, Fault.TRUNCATED: 4, Fault.CORRUPT: 4, Fault.UNKNOWN_SCHEMA: 2, Fault.OUT_OF_ORDER: 3}
    truth = tmp_path / "truth.jsonl"
    result = play(PlayRequest(folder, ZTF, to_kafka, faults=faults, truth=truth, seed=4))
    lines = [json.loads(line) for line in truth.read_text().splitlines()]
    summary = lines.pop()["summary"]
    assert summary == json.loads(result.as_json())
    assert (result.sent, result.failed, result.skipped) == (40 + 1 + 15, (), ("README.md",))
    (topic,) = result.topics
    assert topic == "ztf_19990101_programid1"
    held = read_topic(to_kafka.kafka_bootstrap, dict(result.offsets[topic]), topic)
    assert held == {(line["partition"], line["offset"]): (None, line["sha256"]) for line in lines}
    by_file = {line["file"]: line["sha256"] for line in lines if line["fault"] is None}
    assert by_file["00.avro"] == hashlib.sha256((folder / "00.avro").read_bytes()).hexdigest()
    assert sum(result.nights.values()) == result.sent
    assert result.nights[None] == 4 + 1 + 2 + 1  # truncated, no record, unknown schema, the empty file


def test_a_rate_is_kept_and_bursts_come_together(tmp_path: Path, to_kafka: Settings) -> None:
    folder = write_night(tmp_path / "night", JD_1999 + 1, count=20)
    begin = time.monotonic()
    play(PlayRequest(folder, ZTF, to_kafka, rate=10.0))
    assert time.monotonic() - begin >= 1.8
    bursts = play(PlayRequest(folder, ZTF, to_kafka, exposure_s=1.5))
    assert 1.5 <= bursts.seconds < 3.0
    ends = [end for _, end in bursts.offsets["ztf_19990102_programid1"].values()]
    assert sum(ends) == 40


def test_a_refused_message_is_named_and_the_command_fails(
    tmp_path: Path, to_kafka: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_night(tmp_path / "night", JD_1999 + 2, count=3)
    admin = AdminClient({"bootstrap.servers": to_kafka.kafka_bootstrap})
    small = NewTopic("ztf_19990103_programid1", 2, 1, config={"max.message.bytes": "1000"})
    for created in admin.create_topics([small]).values():
        created.result(TIMEOUT_S)
    monkeypatch.setenv("FINK_KAFKA_BOOTSTRAP", to_kafka.kafka_bootstrap)
    app = Typer()
    app.command()(simulate)
    out = tmp_path / "result.json"
    answer = CliRunner().invoke(app, [str(folder), "--json", str(out)])
    assert answer.exit_code == 1
    assert "not delivered: 00.avro" in answer.output
    result = json.loads(out.read_text())
    assert (result["sent"], len(result["failed"])) == (0, 3)


def test_no_broker_is_one_sentence(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_night(tmp_path / "night", JD_1999, count=1)
    monkeypatch.setattr("fink_lib.simulator.player.ANSWER_S", 2.0)
    nowhere = settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:1"})
    with pytest.raises(BrokerError, match=r"no Kafka answers at 127\.0\.0\.1:1"):
        play(PlayRequest(folder, ZTF, nowhere))


def test_the_sample_night_is_320_whole_packets(to_kafka: Settings) -> None:
    folder = sample_night(to_kafka, get_survey("ztf"))
    digest = folder_sha256(folder)
    messages = [file.read_bytes() for file in sorted(folder.iterdir())]
    assert len(messages) == 320
    for file, data in zip(sorted(folder.iterdir()), messages, strict=True):
        datum = ZTF.framing.unwrap(data)
        check_known(datum.schema, ZTF)
        record = decode(datum)
        check_cutouts(record, ZTF)
        assert f"{value_at(record, ZTF.fields.alert_id)}.avro" == file.name
    result = play(PlayRequest("sample", ZTF, to_kafka))
    assert dict(result.expected) == {"bronze": 320}
    assert folder_sha256(sample_night(to_kafka, get_survey("ztf"))) == digest


def test_lsst_messages_are_played_in_their_own_framing(
    to_kafka: Settings, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINK_LSST_SCHEMAS", str(shared_data / "schemas" / "lsst"))
    archive = shared_data / "lsst" / "lsst_v10_0_wire.tar.gz"
    faults = {Fault.CORRUPT: 3, Fault.TRUNCATED: 2, Fault.UNKNOWN_SCHEMA: 1, Fault.DUPLICATE: 4}
    result = play(PlayRequest(archive, get_survey("lsst"), to_kafka, faults=faults))
    assert sum(result.topics.values()) == 146
    assert result.topics["lsst-alerts-v10"] >= 136 + 4  # a damaged prefix names no version, or another one
    assert (result.expected["bronze"], result.expected["repeat"]) == (136, 4)
    assert result.expected["quarantine:unknown_schema"] == 1
    assert sum(count for name, count in result.expected.items() if name.startswith("quarantine")) == 6
