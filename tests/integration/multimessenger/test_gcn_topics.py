"""Notices through a real Kafka: played onto their topics, collected into the lake, once whatever happens."""

from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fink_lib.cli.main import build_app
from fink_lib.config import Settings
from fink_lib.errors import BrokerError
from fink_lib.kafka import waiting
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.reading import list_topics
from fink_lib.lake.small import read_rows
from fink_lib.lake.tables import bronze_event_notices, gold_events
from fink_lib.multimessenger import listening
from fink_lib.multimessenger.listening import collect, listen
from fink_lib.multimessenger.playing import read_notices, send
from tests.builders.lake_folder import lake_folder
from tests.integration.client.finkctl import finkctl, register
from tests.integration.client.test_finkctl_stream import saved_alerts
from tests.unit.multimessenger.test_counterparts import seen
from tests.unit.multimessenger.test_event_nights import closed, kept, matches, swift, write_silver

pytestmark = pytest.mark.kafka
XML = (
    '<VOEvent ivorn="ivo://nasa.gsfc.gcn/SWIFT#BAT_GRB_Pos_{id}-1" role="observation"><Who><Date>2023-10-18T05:00:01'
    '</Date></Who><What><Param name="TrigID" value="{id}"/></What><ISOTime>2023-10-18T05:00:00</ISOTime></VOEvent>'
)
GW = '{"superevent_id": "S231018a", "alert_type": "RETRACTION", "time_created": "2023-10-18T05:00:00Z", "event": null}'


@pytest.fixture
def notices(tmp_path: Path) -> Path:
    folder = tmp_path / "notices"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.xml").write_text(XML.format(id=number))
    (folder / "gw.json").write_text(GW)
    (folder / "broken.json").write_text("{")
    return folder


def test_notices_arrive_once(own_kafka: str, notices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path / "home", kafka_bootstrap=own_kafka)
    topics = {"gcn.classic.voevent.SWIFT_BAT_GRB_POS": 3, "igwn.gwalert": 1, "gcn.notices.unknown": 1}
    assert collect(settings) == Counter()  # no topic yet
    assert send(settings, read_notices([notices])) == topics
    assert {one.name: one.messages for one in list_topics(Connection.of(settings))} == topics
    with monkeypatch.context() as dying:  # between the rows and the offsets
        dying.setattr(listening, "next_offsets", lambda _batch: pytest.fail("the machine is gone"))
        with pytest.raises(BaseException, match="gone"):
            collect(settings)
    assert collect(settings) == Counter(event=1, held=3, unreadable=1)  # three were kept before it died
    assert len(read_rows(bronze_event_notices(), lake_folder(settings))) == 5
    assert len(read_rows(gold_events(), lake_folder(settings))) == 4
    send(settings, read_notices([notices]))
    told: list[Counter[str]] = []
    listen(settings, lambda: True, told.append)
    assert told == [Counter(held=5)]
    assert collect(settings) == Counter()  # the offsets were kept
    rows = read_rows(bronze_event_notices(), lake_folder(settings))
    assert sorted((row["kafka_topic"], row["kafka_offset"]) for row in rows) == sorted(
        (topic, offset) for topic, count in topics.items() for offset in range(count)
    )
    monkeypatch.setenv("FINK_GCN_BOOTSTRAP", own_kafka)
    done = CliRunner().invoke(build_app(["gcn"]), ["gcn", "listen", "--once", "--home", str(settings.home)])
    assert "0 notices" in done.output


def test_finkctl_reads_counterparts_and_each_leaves_once(own_kafka: str, tmp_path: Path) -> None:
    """The unmodified client of Fink on a topic whose name it knows; a closing done again sends nothing."""
    settings = Settings(home=tmp_path / "home", kafka_bootstrap=own_kafka, gcn_bootstrap=own_kafka)
    write_silver(lake_folder(settings), [seen(number, dec=20.01, magpsf=18.5) for number in (1, 2**53 + 1)])
    kept(lake_folder(settings), swift(1, 10.0, 20.0, hour=3.0))
    topic = "fink_grb_bronze"
    assert closed(settings)["messages"] == {topic: 2}
    assert closed(settings)["messages"] == {}
    register(tmp_path / "user", own_kafka, [topic])
    limits: list[str | Path] = ["-limit", "2", "-outdir", tmp_path / "saved"]
    printed = finkctl(tmp_path / "user", "stream", "-survey", "ztf", *limits, "--save", "--display")
    saved = saved_alerts(tmp_path / "saved")
    assert {alert["candid"] for alert in saved} == {1, 2**53 + 1}
    rows = {row["alert_id"]: row for row in matches(lake_folder(settings))}
    for alert in saved:
        row = rows[alert["candid"]]
        assert (alert["objectId"], alert["eventId"]) == (row["object_id"], row["event_id"])
        assert (alert["grb_proba"], alert["chance_night"]) == (row["chance"], row["chance_night"])
        assert printed.count(str(alert["objectId"])) == 1
    assert printed.count("18.5") == 2


def test_a_kafka_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "ANSWER_S", 1.0)
    with pytest.raises(BrokerError, match="FINK_GCN_BOOTSTRAP"):
        collect(Settings(home=tmp_path, gcn_bootstrap="127.0.0.1:9"))
