"""Past alerts on demand: sent, interrupted, sealed; and downloaded complete by an unmodified finkctl."""

import copy
import datetime as dt
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyspark.sql.functions as F
import pytest
from confluent_kafka import TopicPartition

from fink_lib.errors import BrokerError, ConfigError, LeaseHeld
from fink_lib.kafka.connection import Connection
from fink_lib.lake.spark.table import read_table
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import ZTF
from fink_lib.transfer import job
from fink_lib.transfer.job import Transfer, bind, plan, send
from fink_lib.transfer.kept import kept, sole_sender
from fink_lib.transfer.request import TransferRequest
from fink_lib.transfer.selection import _label_is
from fink_lib.transfer.topic import PARTITIONS, is_spent, seal, standing_ids
from tests.builders.lake_folder import lake_folder
from tests.builders.packet_rows import Packet
from tests.integration.client.finkctl import download
from tests.spark.distribute.same import differences
from tests.streams.distribute.conftest import Bench, science

pytestmark = [pytest.mark.spark, pytest.mark.kafka]

Ask = Callable[..., Transfer]


NIGHTS = {"survey": "ztf", "first_night": "2020-06-01", "last_night": "2021-12-31", "asked_by": "me"}
ASTEROIDS = {
    "by": "filter", "what": "sso_ztf_candidates", "transfer_id": "asteroids", "asked_at": "2026-01-02",
}  # fmt: skip


@pytest.fixture
def ask(bench: Bench) -> Ask:
    """Bind a request to the lake of the bench, whose alerts are of 2021; topics of filters have 3 partitions."""

    def bound(**facts: Any) -> Transfer:
        settings = bench.spec.settings.model_copy(update={"output_partitions": 3})
        return bind(bench.session, settings, TransferRequest.from_json({**NIGHTS, **facts}))

    return bound


def public(packets: list[Packet]) -> dict[int, Packet]:
    return {packet["candid"]: packet for packet in packets if packet["candidate"]["programid"] == 1}


def asteroids(packets: list[Packet]) -> dict[int, Packet]:
    """Return what the filter of known asteroids selects."""
    known = {packet["candid"] for number, packet in enumerate(packets) if science(number, packet)["roid"] == 3}
    return {alert_id: packet for alert_id, packet in public(packets).items() if alert_id in known}


def break_off(monkeypatch: pytest.MonkeyPatch, bound: Transfer, alerts: int) -> None:
    """Send some of a transfer; then the network is gone."""
    monkeypatch.setattr(job, "ALERTS_AT_ONCE", 4)
    with monkeypatch.context() as broken:
        encode, calls = job.Reencoded.encode, iter(range(alerts // 4))

        def some(*arguments: Any) -> Any:
            if next(calls, None) is None:
                raise BrokerError("the network is gone")
            return encode(*arguments)

        broken.setattr(job.Reencoded, "encode", some)
        with pytest.raises(BrokerError, match="the network is gone"):
            send(bound)


def a_night_arrives(bench: Bench, packet: Packet) -> None:
    """Put an asteroid of another night of the request into silver."""
    late = copy.deepcopy(packet)
    late["candid"] = late["candidate"]["candid"] = 77
    late["candidate"].update(jd=2459030.8, programid=1)
    bench.arrive([late], first=1002)


def _as_map(value: Any) -> dict[str, Any] | None:
    return None if value is None else dict(value)


def as_silver_has_it(bench: Bench, rows: list[dict[str, Any]]) -> list[str]:
    """Return where downloaded rows say something else than silver, over every column of science."""
    silver = read_table(silver_spec(ZTF), bench.session, bench.lake)
    named = [name for name in silver.columns if name in rows[0] and name not in ("kafka_time", "night")]
    assert {"roid", "vsx", "vsx_sep_arcsec", "lc_features_g", "science_errors", "candidate"} <= set(named)
    mine = silver.where(silver.alert_id.isin([row["candid"] for row in rows])).select("alert_id", *named)
    told = {row["candid"]: row for row in rows}
    found = []
    for row in mine.toArrow().to_pylist():
        sent = told.pop(row.pop("alert_id"))
        maps = ("science_versions", "science_errors", "mangrove")
        pairs = [{**one, **{name: _as_map(one[name]) for name in maps}} for one in (row, sent)]
        found += differences(*pairs)
    return [*found, *map(str, told)]


def test_a_transfer_that_broke_off_goes_on_and_finkctl_downloads_all_of_it(  # noqa: PLR0917 - fixtures
    bench: Bench, public_kafka: str, ask: Ask, packets: list[Packet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = asteroids(packets)
    bound = ask(**ASTEROIDS)
    break_off(monkeypatch, bound, alerts=8)
    assert len(standing_ids(bound.settings, bound.request)) == 8 < len(expected)
    with pytest.raises(BrokerError, match=f"holds 8 messages, not {len(expected)}: it is not announced"):
        seal(bound.settings, bound.request, b"{}", len(expected))
    a_night_arrives(bench, packets[0])
    with (
        sole_sender(bound.settings, bound.request),
        pytest.raises(LeaseHeld, match="'asteroids' is being sent by another"),
    ):
        send(bound)

    manifest = json.loads(send(ask(**ASTEROIDS)).read_text())
    assert (manifest["rows"], sum(manifest["rows_by_night"].values())) == (len(expected), len(expected))
    assert min(manifest["rows_by_night"]) >= "2021", "a run that goes on reads the silver of the first one"
    pinned = read_table(silver_spec(ZTF), bench.session, bench.lake, bound.version)
    assert pinned.count() == len(packets)
    again = json.loads(send(ask(**ASTEROIDS)).read_text())
    assert again == manifest, "what is sealed is not sent again"

    rows = download(public_kafka, tmp_path, manifest["topic"])
    assert sorted(row["candid"] for row in rows) == sorted(expected)
    assert [differences(expected[row["candid"]], row) for row in rows] == [[]] * len(rows)
    assert as_silver_has_it(bench, rows) == []
    second = download(public_kafka, tmp_path / "second", manifest["topic"], "-outformat", "avro")
    assert sorted(row["candid"] for row in second) == sorted(expected), "a second reader finds a schema too"
    assert as_silver_has_it(bench, second) == []
    assert [differences(expected[row["candid"]], row) for row in second] == [[]] * len(second)


def test_a_transfer_past_the_retention_of_its_topic_begins_anew(bench: Bench, ask: Ask, packets: list[Packet]) -> None:
    asked = {"by": "predicate", "what": "roid = 2", "transfer_id": "spent", "first_night": "2021-01-01"}
    due = {packet["candid"] for n, packet in enumerate(packets) if science(n, packet)["roid"] == 2} & set(
        public(packets)
    )
    old = ask(**asked, asked_at="2026-01-02")
    assert kept(old.settings, old.request) is None, "what is only bound is not kept"
    plan(old)
    assert kept(old.settings, old.request) is None, "what is only counted is not kept"
    send(old)
    assert not is_spent(old.settings, old.request)
    admin = Connection.of(old.settings).admin()
    partitions = admin.list_topics(timeout=30).topics[old.request.topic].partitions
    assert len(partitions) == PARTITIONS, "whatever the topics of the filters have"
    for done in admin.delete_records([TopicPartition(old.request.topic, one, -1) for one in partitions]).values():
        done.result(30)

    assert is_spent(old.settings, old.request)
    manifest = json.loads(send(ask(**asked, asked_at="2026-01-02")).read_text())
    today = old.request.asked_on(dt.datetime.now(dt.UTC).date())
    assert (manifest["topic"], manifest["rows"]) == (today.topic, len(due))
    assert standing_ids(old.settings, today) == due
    found = kept(old.settings, old.request)
    assert found is not None
    assert found[0] == today
    assert json.loads(send(ask(**asked)).read_text()) == manifest, "it goes on there"


def test_alerts_of_a_class(bench: Bench, packets: list[Packet], tmp_path: Path) -> None:
    settings = bench.spec.settings.model_copy(update={"home": tmp_path / "home"})
    shutil.copytree(bench.lake, lake_folder(settings))
    silver, path = silver_spec(ZTF), str(silver_spec(ZTF).path(lake_folder(settings)))
    classes = F.when(F.col("roid") == 3, F.lit("Solar System MPC")).otherwise(F.lit("Unknown"))
    bench.session.sql(f"ALTER TABLE delta.`{path}` SET TBLPROPERTIES ('delta.appendOnly' = 'false')")
    (
        read_table(silver, bench.session, lake_folder(settings)).withColumn("class_default", classes)
        .write.format("delta").mode("overwrite").option("overwriteSchema", "true").partitionBy("night").save(path)
    )  # fmt: skip
    asked = {**NIGHTS, "by": "class", "what": "Solar System MPC", "transfer_id": "byclass", "first_night": "2021-01-01"}
    bound = bind(bench.session, settings, TransferRequest.from_json(asked))
    manifest = json.loads(send(bound).read_text())
    assert manifest["rows"] == len(asteroids(packets))
    assert standing_ids(settings, bound.request) == set(asteroids(packets))


def test_a_predicate_without_cutouts_and_some_columns_alone(
    public_kafka: str, ask: Ask, packets: list[Packet], tmp_path: Path
) -> None:
    of_2021 = {"first_night": "2021-01-01"}
    faint = {key: one for key, one in public(packets).items() if one["candidate"]["magpsf"] > 19}
    assert 2**53 + 1 in public(packets)
    lean = ask(by="predicate", what="candidate.magpsf > 19", content="without_cutouts", transfer_id="lean", **of_2021)
    rows = download(public_kafka, tmp_path / "lean", json.loads(send(lean).read_text())["topic"])
    assert sorted(row["candid"] for row in rows) == sorted(faint)
    assert not set(ZTF.cutout_roots) & set(rows[0])

    named = ["candid", "candidate.magpsf", "prv_candidates.jd", "enrich_time", "night"]
    few = ask(by="predicate", what="candid > 0", content="columns", columns=named, transfer_id="some", **of_2021)
    rows = download(public_kafka, tmp_path / "some", json.loads(send(few).read_text())["topic"])
    assert {row["candid"] for row in rows} == set(public(packets))
    assert set(rows[0]) == {"candid", "candidate_magpsf", "prv_candidates_jd", "enrich_time", "night"}
    by_id = public(packets)
    assert all(row["candidate_magpsf"] == pytest.approx(by_id[row["candid"]]["candidate"]["magpsf"]) for row in rows)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"by": "filter", "what": "no_such"}, "unknown user filter 'no_such'"),
        ({"by": "predicate", "what": "rand() > 0.5"}, "is not allowed"),
        ({"by": "predicate", "what": "roid = 99"}, "no public alert of .* is selected"),
        ({"by": "predicate", "what": "candid > 0", "transfer_id": "many"}, "more than FINK_TRANSFER_QUOTA = 10"),
        ({"by": "filter", "what": "sso_ztf_candidates", "transfer_id": "more"}, "more than FINK_TRANSFER_QUOTA = 10"),
        ({"by": "predicate", "what": "roid = 1", "content": "columns", "columns": ["candidate.x"]}, "'candidate.x'"),
        ({"by": "predicate", "what": "roid = 1", "first_night": "2020-01-01", "last_night": "2020-02-01"}, "no night"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_is(bench: Bench, facts: dict[str, Any], reason: str) -> None:
    settings = bench.spec.settings.model_copy(update={"transfer_quota": 10})
    request = TransferRequest.from_json({**NIGHTS, "transfer_id": "refused", **facts})
    with pytest.raises(ConfigError, match=reason):
        send(bind(bench.session, settings, request))
    assert kept(settings, request) is None, "a name is not taken by what cannot be sent"


def test_a_survey_without_classes_is_asked_by_filter_or_predicate(bench: Bench) -> None:
    silver = read_table(silver_spec(ZTF), bench.session, bench.lake).drop(ZTF.report.label)
    with pytest.raises(ConfigError, match="silver has no class yet"):
        _label_is("SN", silver, ZTF.report.label)


def test_a_name_stands_for_one_request(ask: Ask) -> None:
    send(ask(by="predicate", what="roid = 2", transfer_id="taken"))
    with pytest.raises(ConfigError, match="transfer 'taken' asks for something else already"):
        ask(by="predicate", what="roid = 3", transfer_id="taken")
