"""fink-client, unmodified, reads a topic: every message, decoded, saved, and equal to what was published."""

from collections import Counter
from pathlib import Path

import fastavro
import pytest
from pyspark.sql import SparkSession

from fink_lib.enrich.schema import silver_spec
from fink_lib.lake.tables import bronze_alerts
from fink_lib.surveys import ZTF
from tests.integration.client.finkctl import finkctl, register
from tests.spark.distribute.planted import Packet
from tests.spark.distribute.same import differences
from tests.streaming.distribute.conftest import Bench

pytestmark = [pytest.mark.spark, pytest.mark.kafka]


def stream(home: Path, saved: Path, messages: int) -> str:
    """Let finkctl read, print and save this many messages; return what it printed."""
    return finkctl(home, "stream", "-survey", "ztf", "-limit", str(messages), "-outdir", saved, "--display", "--save")


def saved_alerts(folder: Path) -> list[dict[str, object]]:
    """Return the alerts that finkctl saved."""
    alerts: list[dict[str, object]] = []
    for path in sorted(folder.glob("*.avro")):
        with path.open("rb") as file:
            alerts += [record for record in fastavro.reader(file) if isinstance(record, dict)]
    return alerts


@pytest.fixture(autouse=True, scope="module")
def _sent(bench: Bench) -> None:
    """Let the stream send what is there."""
    bench.run()


@pytest.mark.parametrize("name", ["sso_ztf_candidates", "sso_fink_candidates", "variable_stars"])
def test_finkctl_reads_every_message_and_each_equals_its_packet(
    bench: Bench, packets: list[Packet], tmp_path: Path, name: str
) -> None:
    topic = f"fink_{name}_ztf"
    recorded = Counter(alert for (where, _, _), (alert, _) in bench.published().items() if where == topic)
    assert len(recorded) >= 5
    assert recorded.total() == sum(sent.topic == topic for sent in bench.standing())

    register(tmp_path / "home", bench.spec.settings.kafka_bootstrap, [topic])
    printed = stream(tmp_path / "home", tmp_path / "saved", recorded.total())

    alerts = saved_alerts(tmp_path / "saved")
    assert Counter(alert["candid"] for alert in alerts) == recorded
    assert printed.count(topic) >= recorded.total()
    assert all(str(alert["objectId"]) in printed for alert in alerts)
    by_id = {packet["candid"]: packet for packet in packets}
    assert [differences(by_id[alert["candid"]], alert) for alert in alerts if alert["candid"]] == [[]] * len(alerts)
    assert {by_id[alert["candid"]]["candidate"]["programid"] for alert in alerts} == {1}


def test_every_field_that_finkctl_saved_equals_silver_and_bronze(
    spark: SparkSession, bench: Bench, tmp_path: Path
) -> None:
    topic = "fink_variable_stars_ztf"
    count = sum(where[0] == topic for where in bench.published())
    register(tmp_path / "home", bench.spec.settings.kafka_bootstrap, [topic])
    stream(tmp_path / "home", tmp_path / "saved", count)
    alerts = {alert["candid"]: alert for alert in saved_alerts(tmp_path / "saved")}
    assert len(alerts) == count > 5

    silver = silver_spec(ZTF).read(spark, bench.lake).where("candidate.programid = 1")
    cutouts = bronze_alerts(ZTF).read(spark, bench.lake).select("alert_id", *ZTF.cutout_roots)
    own = {"night", "alert_id", "object_id", "time", "ra", "dec", "band", "ingest_time", "enrich_time", "code_version"}
    rows = silver.join(cutouts, on="alert_id").where(silver.alert_id.isin(list(alerts)))
    names = [name for name in rows.columns if name not in own and not name.startswith("kafka_")]
    assert len(names) > 20
    texts = ("science_versions", "science_errors", "mangrove")
    kinds: set[tuple[str, object]] = set()
    for row in rows.select(*names).toArrow().to_pylist():
        maps = {name: None if row[name] is None else dict(row[name]) for name in texts}
        read = alerts.pop(row["candid"])
        assert differences({**row, **maps}, read) == []
        kinds |= {(name, type(read[name])) for name in ("class_default_reasons", "from_upper", "mangrove")}
    assert alerts == {}
    assert kinds >= {
        ("class_default_reasons", list),
        ("from_upper", bool),
        ("from_upper", type(None)),
        ("mangrove", dict),
    }
