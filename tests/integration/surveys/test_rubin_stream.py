"""Rubin end to end, without Airflow: real packets of every version through the three streams, and nights closed.

The 136 messages of schema 10.0 first, then all that is at hand, 7.1 to 11.1, into the same home.
"""

import csv
import datetime as dt
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from fink_lib.avro.schema import resolved
from fink_lib.distribute.columns import KEPT_BACK, RENAMED
from fink_lib.distribute.counter import COUNTER
from fink_lib.distribute.topic_schema import plain
from fink_lib.filters.registry import filters_of
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.reading import TopicReader
from fink_lib.science.framework.registry import modules_of
from fink_lib.surveys.checks import decode
from fink_lib.surveys.framing import ConfluentFraming
from fink_lib.transfer.job import bind, send
from fink_lib.transfer.request import TransferRequest
from tests.integration.client.finkctl import download, finkctl, register
from tests.integration.client.test_finkctl_stream import saved_alerts
from tests.integration.surveys.rubin_nights import ALL_NIGHTS, FEW, Played, packet_messages, play_rubin, wire_messages
from tests.spark.distribute.same import differences
from tests.streams.distribute.test_every_packet import messages_of, text_headers
from tests.unit.surveys.lsst_messages import id_of, schemas

pytestmark = [
    pytest.mark.spark,
    pytest.mark.kafka,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # pyspark's sockets
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # Great Expectations' own idioms
]

LIVE = {  # the twelve topics of Fink's live stream of Rubin alerts
    *("extragalactic_lt20mag_candidate", "extragalactic_new_candidate", "extragalactic_svom", "faint_trails"),
    *("fast_transient_gvom", "hostless_candidate", "in_tns", "mdwarf_flare", "most_likely_sn"),
    *("remove_unlikely_transients", "sn_near_galaxy_candidate", "uniform_sample"),
}
ENDS = ("silver", "rejected", "repeats", "quarantine_enrich")
NO_DATE = 5  # synthetic packets of 7.0 to 7.4, whose time is no date; 7.0 is older than what is read
WAITS = "in_simbad"  # has nothing but SIMBAD, which a stream does not ask
AS_SILVER = "10.0"  # the version whose names silver takes
MAPS = ("science_versions", "science_errors", "mangrove")
Sent = dict[tuple[int, str], list[dict[str, Any]]]
"""Alert and version → its packets."""
Silver = dict[int, dict[str, Any]]
"""Alert → its row."""
SYNTHETIC = 281323062375219200  # one id in all versions


@pytest.fixture(scope="module")
def played(
    spark: SparkSession, own_kafka: str, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Played]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FINK_LSST_SCHEMAS", str(shared_data / "schemas" / "lsst"))
        done = play_rubin(spark, own_kafka, shared_data, tmp_path_factory.mktemp("rubin") / "home")
        done.close()
        yield done


@pytest.fixture(scope="module")
def index(shared_data: Path) -> dict[str, dict[str, str]]:
    with (shared_data / "lsst" / "index.csv").open(newline="") as file:
        return {row["diaSourceId"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def sent(shared_data: Path) -> Sent:
    framing = ConfluentFraming(schemas(shared_data))
    found: Sent = {}
    for message in (*wire_messages(shared_data), *packet_messages(shared_data)):
        datum, (major, minor) = framing.unwrap(message), divmod(id_of(message), 100)
        packet = decode(datum._replace(schema=plain(resolved(datum.schema))))  # topics and silver hold times as numbers
        found.setdefault((packet["diaSource"]["diaSourceId"], f"{major}.{minor}"), []).append(packet)
    return found


@pytest.fixture(scope="module")
def silver(played: Played) -> Silver:
    """All columns, which take seconds to read: a row has thousands of values."""
    return {row["alert_id"]: row for row in played.broker.rows("silver", "alerts")}


def test_every_one_of_the_136_is_accounted_for(played: Played, index: dict[str, dict[str, str]]) -> None:
    assert played.first.sent == len(index) == 136
    assert played.first.expected == {"bronze": 136}
    assert played.after_first == {"alerts": 136, "quarantine": 0, "silver": 121, "rejected": 15}


def test_every_alert_is_in_its_night(played: Played, index: dict[str, dict[str, str]]) -> None:
    days = Counter(row["visit"][:8] for row in index.values())
    found = {f"{night:%Y%m%d}": count for night, count in played.nights.items()}
    assert all(found[day] >= count for day, count in days.items())
    assert sum(found.values()) == played.first.sent + played.second.sent - NO_DATE
    assert len(found) == 19


def test_the_nights_that_hold_every_version_are_closed_and_balance(played: Played) -> None:
    for night in FEW:
        require_closed(played, night)


@pytest.mark.skipif(
    not os.environ.get(ALL_NIGHTS), reason=f"three nights hold every version: {ALL_NIGHTS}=1 closes all 19, in minutes"
)
def test_all_nights_are_closed_and_balance(played: Played) -> None:
    assert set(played.manifests) == set(played.nights)
    for night in played.nights:
        require_closed(played, night)


def require_closed(played: Played, night: dt.date) -> None:
    manifest = played.manifests[night]
    assert manifest["ok"], night
    assert manifest["equation_holds"], night
    assert manifest["critical_failed"] == []
    assert manifest["offered"] == manifest["bronze"] == sum(manifest[name] for name in ENDS)
    assert manifest["bronze"] == played.nights[night]
    assert (played.broker.context(night).folder / "report.html").is_file()


def test_ids_are_those_of_the_index_digit_by_digit(played: Played, index: dict[str, dict[str, str]]) -> None:
    found = played.broker.rows("bronze", "alerts", "alert_id", "object_id", "band")
    rows = {str(row["alert_id"]): row for row in found}
    ends = [played.broker.rows("silver", table, "alert_id") for table in ("alerts", "rejected")]
    assert set(index) <= {str(row["alert_id"]) for some in ends for row in some} <= set(rows)
    for name, told in index.items():
        if told["diaObjectId"]:
            assert rows[name]["object_id"] == told["diaObjectId"]
        else:
            assert rows[name]["object_id"].startswith("SSO")
        assert rows[name]["band"] == told["band"]


def test_a_flag_of_the_pipeline_is_a_cut_with_a_name(
    played: Played, index: dict[str, dict[str, str]], sent: Sent
) -> None:
    """Of the 136, 15 are dipoles, no other flag is set; glints and edges are among the rest."""
    sources = {int(name): sent[int(name), AS_SILVER][0]["diaSource"] for name in index}
    dipoles = {name for name, row in sources.items() if row["isDipole"]}
    assert len(dipoles) == 15
    rejected = [row for row in played.broker.rows("silver", "rejected") if not row["is_duplicate"]]
    assert {row["alert_id"] for row in rejected if row["alert_id"] in sources} == dipoles
    assert {tuple(row["reasons"]) for row in rejected if row["alert_id"] in dipoles} == {("dipole",)}
    assert {reason for row in rejected for reason in row["reasons"]} >= {"dipole", "glint"}


def test_all_science_that_declares_lsst_ran_in_the_stream(silver: Silver) -> None:
    modules = {module.name for module in modules_of("lsst")}
    outputs = {out.name for module in modules_of("lsst") for out in module.outputs}
    assert len(modules) >= 19
    rows = list(silver.values())
    assert outputs <= set(rows[0])
    assert {frozenset(dict(row["science_versions"])) >= modules for row in rows} == {True}
    assert [why for row in rows for _, why in row["science_errors"] or () if "failed" in why] == []
    assert sum(row["is_sso"] is True for row in rows) >= 30
    assert sum(row["lc_features_r"] is not None for row in rows) >= 5
    assert sum(row["cats_class"] is not None for row in rows) >= 20


def test_all_versions_in_one_run(played: Played, shared_data: Path) -> None:
    root = shared_data / "lsst" / "packets"
    messages = [file.read_bytes() for file in sorted(root.rglob("*.bin"))]
    versions = Counter(map(id_of, messages))
    assert set(versions) == {700, 701, 702, 703, 704, 800, 900, 1000, 1100, 1101}
    assert played.second.sent == len(messages)
    quarantined = played.broker.rows("bronze", "quarantine", "reason", "error_class")
    assert len(quarantined) == NO_DATE
    assert sum("7.1 is the oldest" in row["reason"] for row in quarantined) == 1
    bronze = played.broker.rows("bronze", "alerts", "alert_id", "kafka_topic")
    assert len(bronze) == 136 + len(messages) - NO_DATE
    assert Counter(row["alert_id"] for row in bronze)[SYNTHETIC] == 5
    silver = played.broker.rows("silver", "alerts", "alert_id")
    rejected = played.broker.rows("silver", "rejected", "is_duplicate")
    assert len({row["alert_id"] for row in silver}) == len(silver)
    assert len(silver) + len(rejected) == len(bronze)
    assert sum(row["is_duplicate"] for row in rejected) == len(bronze) - len({row["alert_id"] for row in bronze})
    assert {row["kafka_topic"] for row in bronze} >= {"lsst-alerts-v7", "lsst-alerts-v9", "lsst-alerts-v11"}


def test_what_stands_on_a_topic_begins_with_the_bytes_of_the_telescope(played: Played, shared_data: Path) -> None:
    filters = {one.name for one in filters_of("lsst")}
    assert filters > LIVE
    assert len(filters) == 14
    bodies = {message[5:] for message in (*wire_messages(shared_data), *packet_messages(shared_data))}
    silver = Counter(row["alert_id"] for row in played.broker.rows("silver", "alerts", "alert_id"))
    rows = played.broker.rows("gold", "published", "alert_id", "filter", "topic")
    counted = [row for row in rows if row["filter"] == COUNTER]
    assert Counter(row["alert_id"] for row in counted) == silver
    assert {row["topic"] for row in counted} <= {f"fink_lsst_{night:%Y%m%d}" for night in played.nights}
    sent = [row for row in rows if row["filter"] != COUNTER]
    assert {row["topic"] for row in sent} == {f"fink_{row['filter']}_lsst" for row in sent}
    assert {row["filter"] for row in sent} <= {*filters, "everything"}
    assert Counter(row["alert_id"] for row in sent if row["filter"] == "everything") == silver
    with TopicReader(Connection.of(played.broker.settings)) as reader:
        assert set(reader.topics()) >= {f"fink_{name}_lsst" for name in filters - {WAITS}}
        left = list(messages_of(reader, r"fink_[a-z0-9_]+_lsst"))
    assert len(left) == len(sent) > len(silver)
    for message in left:
        headers, value = text_headers(message), message.value or b""
        datum = value[: int(headers["datum_bytes"])]
        assert datum in bodies
        assert headers["datum_sha256"] == hashlib.sha256(datum).hexdigest()


@pytest.mark.parametrize(
    ("name", "words"),
    [("remove_unlikely_transients", ["--display"]), ("is_solar_system", [])],  # finkctl cannot show MPCORB of 9.0
)
def test_finkctl_reads_what_silver_and_the_telescope_say(  # noqa: PLR0917 - fixtures
    played: Played, silver: Silver, own_kafka: str, sent: Sent, tmp_path: Path, name: str, words: list[str]
) -> None:
    """The unmodified client of Fink, with `-survey lsst`: every message, and every field of it."""
    topic = f"fink_{name}_lsst"
    published = played.broker.rows("gold", "published", "alert_id", "topic")
    recorded = Counter(row["alert_id"] for row in published if row["topic"] == topic)
    register(tmp_path / "home", own_kafka, [topic], survey="lsst")
    limits = ["-limit", str(recorded.total()), "-outdir", tmp_path / "saved", "--save"]
    printed = finkctl(tmp_path / "home", "stream", "-survey", "lsst", *limits, *words)
    assert printed.count(topic) >= (recorded.total() if words else 0)
    alerts = saved_alerts(tmp_path / "saved")
    assert Counter(alert["diaSourceId"] for alert in alerts) == recorded
    assert {silver[alert]["schema_version"] for alert in recorded} == {"9.0", AS_SILVER}
    assert sum(silver[alert]["schema_version"] == AS_SILVER for alert in recorded) >= 30
    for alert in alerts:
        require_told(alert, silver[alert["diaSourceId"]], sent)


@pytest.fixture(scope="module")
def transferred(spark: SparkSession, played: Played) -> dict[str, Any]:
    """The manifest of a transfer of every alert of every night."""
    nights = {"first_night": f"{min(played.nights)}", "last_night": f"{max(played.nights)}", "asked_at": "2026-01-02"}
    asked = {"survey": "lsst", "by": "predicate", "what": "alert_id > 0", "asked_by": "me", **nights}
    request = TransferRequest.from_json({**asked, "transfer_id": "allversions"})
    manifest: dict[str, Any] = json.loads(send(bind(spark, played.broker.settings, request)).read_text())
    return manifest


@pytest.mark.parametrize("kind", ["parquet", "avro"])
def test_finkctl_downloads_a_transfer_of_all_versions_at_once(  # noqa: PLR0917 - fixtures
    transferred: dict[str, Any], silver: Silver, own_kafka: str, sent: Sent, tmp_path: Path, kind: str
) -> None:
    """Under one schema, with the names of silver: every alert once, every field equal, stamps those of the packet."""
    # the packets of other versions bring the same alerts again
    assert {row["schema_version"] for row in silver.values()} == {"7.1", "7.3", "9.0", "10.0"}
    alerts = download(own_kafka, tmp_path, transferred["topic"], "-outformat", kind, survey="lsst")
    assert transferred["rows"] == len(alerts) == len(silver)
    assert {alert["diaSource"]["diaSourceId"] for alert in alerts} == set(silver)
    for alert in alerts:
        require_downloaded(alert, silver[alert["diaSource"]["diaSourceId"]], sent)


def require_downloaded(alert: dict[str, Any], row: dict[str, Any], sent: Sent) -> None:
    """Compare an alert that was transferred with its row of silver, and its stamps with those of its packet."""
    stamps = {name: value for name, value in alert.items() if name.startswith("cutout")}
    assert len(stamps) == 3
    assert any(differences(stamps, packet) == [] for packet in sent[row["alert_id"], row["schema_version"]])
    told = {name: value for name, value in alert.items() if name not in stamps}
    told |= {name: dict(alert[name]) for name in MAPS if alert[name] is not None}  # of Parquet: pairs
    assert differences(told, as_told(row)) == []
    assert {RENAMED.get(name, name) for name in row if name not in KEPT_BACK} <= set(told)


def require_told(alert: dict[str, Any], row: dict[str, Any], sent: Sent) -> None:
    """Compare a message with a packet of its alert and version, and with its row of silver."""
    packets = sent[row["alert_id"], row["schema_version"]]
    packet = next((packet for packet in packets if differences(packet, alert) == []), None)
    assert packet is not None, differences(packets[0], alert)
    told = {name: value for name, value in alert.items() if not name.startswith("cutout")}
    if row["schema_version"] != AS_SILVER:  # the packet's own fields bear the names and types of its version
        told = {name: value for name, value in told.items() if name not in packet}
    assert differences(told, as_told(row)) == []
    added = {"science_versions", "brokerIngestTimestamp", "is_sso", "lc_features_r", "cats_class", "cdsxmatch"}
    assert told.keys() >= added


def as_told(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of silver as a message tells it: three columns under names of Fink, times of UTC as text."""
    return {
        **row,
        **{name: dict(row[name]) for name in MAPS if row[name] is not None},
        "brokerIngestTimestamp": f"{row['ingest_time']:%Y-%m-%d %H:%M:%S.%f}",
        "brokerEndProcessTimestamp": f"{row['enrich_time']:%Y-%m-%d %H:%M:%S.%f}",
        "fink_broker_version": row["code_version"],
        "cdsxmatch": None,  # finkctl prints it; a stream does not ask SIMBAD
    }
