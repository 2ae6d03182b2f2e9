"""Past alerts on demand: sent, interrupted, sealed; and downloaded complete by an unmodified finkctl."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest

from fink_lib.errors import BrokerError, ConfigError
from fink_lib.surveys import ZTF
from fink_lib.transfer import job
from fink_lib.transfer.job import Transfer, bind, send
from fink_lib.transfer.request import TransferRequest
from fink_lib.transfer.topic import seal, standing_ids
from tests.integration.client.finkctl import finkctl, register
from tests.spark.distribute.planted import Packet
from tests.spark.distribute.same import differences
from tests.streaming.distribute.conftest import Bench, science

pytestmark = [pytest.mark.spark, pytest.mark.kafka]

Ask = Callable[..., Transfer]


@pytest.fixture
def ask(bench: Bench) -> Ask:
    """Bind a request to the lake of the bench; all its alerts are of one night or two of 2021."""

    def bound(**facts: Any) -> Transfer:
        nights = {"survey": "ztf", "first_night": "2021-01-01", "last_night": "2021-12-31", "asked_by": "me"}
        return bind(bench.session, bench.spec.settings, TransferRequest.from_json({**nights, **facts}))

    return bound


def public(packets: list[Packet]) -> dict[int, Packet]:
    return {packet["candid"]: packet for packet in packets if packet["candidate"]["programid"] == 1}


def asteroids(packets: list[Packet]) -> dict[int, Packet]:
    """Return what the filter of known asteroids selects."""
    known = {packet["candid"] for number, packet in enumerate(packets) if science(number, packet)["roid"] == 3}
    return {alert_id: packet for alert_id, packet in public(packets).items() if alert_id in known}


def download(kafka: str, folder: Path, topic: str, *words: str) -> list[dict[str, Any]]:
    register(folder, kafka, timeout_s=3)
    finkctl(
        folder, "transfer", "-survey", "ztf", "-topic", topic, "-outdir", folder / "out", "-nconsumers", "2", *words
    )
    return list(ds.dataset(folder / "out", format="parquet").to_table().to_pylist())


def test_a_transfer_that_broke_off_goes_on_and_finkctl_downloads_all_of_it(
    public_kafka: str, ask: Ask, packets: list[Packet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = asteroids(packets)
    bound = ask(by="filter", what="sso_ztf_candidates", transfer_id="asteroids")
    monkeypatch.setattr(job, "ALERTS_AT_ONCE", 4)
    with monkeypatch.context() as broken:
        encode, calls = job.Packets.encode, iter(range(2))

        def twice(*arguments: Any) -> Any:
            if next(calls, None) is None:
                raise BrokerError("the network is gone")
            return encode(*arguments)

        broken.setattr(job.Packets, "encode", twice)
        with pytest.raises(BrokerError, match="the network is gone"):
            send(bound)
    assert len(standing_ids(bound.settings, bound.request)) == 8 < len(expected)
    with pytest.raises(BrokerError, match=f"holds 8 messages, not {len(expected)}: it is not announced"):
        seal(bound.settings, bound.request, b"{}", len(expected))

    manifest = json.loads(send(ask(by="filter", what="sso_ztf_candidates", transfer_id="asteroids")).read_text())
    assert (manifest["rows"], sum(manifest["rows_by_night"].values())) == (len(expected), len(expected))
    again = json.loads(send(ask(by="filter", what="sso_ztf_candidates", transfer_id="asteroids")).read_text())
    assert again == manifest, "what is sealed is not sent again"

    rows = download(public_kafka, tmp_path, manifest["topic"])
    assert sorted(row["candid"] for row in rows) == sorted(expected)
    assert [differences(expected[row["candid"]], row) for row in rows] == [[]] * len(rows)
    second = download(public_kafka, tmp_path / "second", manifest["topic"], "-outformat", "parquet")
    assert len(second) == len(expected), "a second reader finds a schema too"


def test_a_predicate_without_cutouts_and_some_columns_alone(
    public_kafka: str, ask: Ask, packets: list[Packet], tmp_path: Path
) -> None:
    faint = {key: one for key, one in public(packets).items() if one["candidate"]["magpsf"] > 19}
    assert 2**53 + 1 in public(packets)
    lean = ask(by="predicate", what="candidate.magpsf > 19", content="without_cutouts", transfer_id="lean")
    rows = download(public_kafka, tmp_path / "lean", json.loads(send(lean).read_text())["topic"])
    assert sorted(row["candid"] for row in rows) == sorted(faint)
    assert not set(ZTF.cutout_roots) & set(rows[0])

    named = ["candid", "candidate.magpsf", "prv_candidates.jd", "enrich_time", "night"]
    few = ask(by="predicate", what="candid > 0", content="columns", columns=named, transfer_id="some")
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
        ({"by": "class", "what": "SN"}, "silver has no class yet"),
        ({"by": "predicate", "what": "roid = 99"}, "no public alert of .* is selected"),
        ({"by": "predicate", "what": "candid > 0", "transfer_id": "many"}, "more than FINK_TRANSFER_QUOTA = 10"),
        ({"by": "predicate", "what": "roid = 1", "content": "columns", "columns": ["candidate.x"]}, "'candidate.x'"),
        ({"by": "predicate", "what": "roid = 1", "first_night": "2020-01-01", "last_night": "2020-02-01"}, "no night"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_is(bench: Bench, facts: dict[str, Any], reason: str) -> None:
    settings = bench.spec.settings.model_copy(update={"transfer_quota": 10})
    nights = {"survey": "ztf", "first_night": "2021-01-01", "last_night": "2021-12-31", "asked_by": "me"}
    with pytest.raises(ConfigError, match=reason):
        send(bind(bench.session, settings, TransferRequest.from_json({**nights, **facts})))


def test_a_name_stands_for_one_request(ask: Ask) -> None:
    ask(by="predicate", what="roid = 2", transfer_id="taken")
    with pytest.raises(ConfigError, match="transfer 'taken' asks for something else already"):
        ask(by="predicate", what="roid = 3", transfer_id="taken")
