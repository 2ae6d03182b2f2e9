"""Alerts written anew: every field is silver's, cutouts are the packet's; tables that disagree announce nothing."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from fink_lib.config import Settings
from fink_lib.distribute.leaving import whole_alert
from fink_lib.distribute.match import Match
from fink_lib.distribute.reencoded import Reencoded
from fink_lib.errors import LakeError
from fink_lib.lake import read
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.small import append_rows
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys.tables import bronze_spec
from tests.builders.lake_folder import lake_folder
from tests.builders.packet_rows import sample_packets
from tests.builders.served_home import ZTF, append, arrive, later, rows_of

ALERTS = 12


@pytest.fixture(scope="module")
def packets() -> list[dict[str, Any]]:
    return sample_packets(ALERTS)


@pytest.fixture
def settings(packets: list[dict[str, Any]], tmp_path: Path) -> Settings:
    found = Settings(home=tmp_path)
    arrive(found, packets[:7])
    arrive(found, packets[7:], first=7)
    return found


def matches(settings: Settings) -> list[Match]:
    rows = read("silver", "ztf", columns=["night", "alert_id", "object_id", *KAFKA_KEY], lake=settings.lake).to_pylist()
    found = []
    for row in rows:
        topic, partition, offset = (row[name] for name in KAFKA_KEY)
        identity = (row["night"], row["alert_id"], row["object_id"])
        found.append(Match(*identity, (topic, partition, offset), None, None, None, ()))
    return found


def encoder(settings: Settings, *, cutouts: bool = True) -> Reencoded:
    table = DeltaTable(str(silver_spec(ZTF).path(lake_folder(settings))))
    schema: pa.Schema = dataset_of(table).schema
    return Reencoded(settings.lake, ZTF, schema, whole_alert(schema, ZTF, cutouts=cutouts), table.version())


def decoded(packets: Reencoded, chosen: list[Match]) -> dict[int, dict[str, Any]]:
    schema = fastavro.parse_schema(json.loads(packets.key))
    values = [value for part in packets.encode(chosen) for value in part.values()]
    rows = [fastavro.schemaless_reader(io.BytesIO(value), schema, None) for value in values]
    assert len(rows) == len(chosen)
    return {row["candid"]: row for row in rows}  # type: ignore[index, call-overload, misc]


def told_of(value: Any) -> Any:
    """Return a value without what is null: a packet of an older schema has fewer fields."""
    if isinstance(value, dict):
        return {name: told_of(one) for name, one in value.items() if one is not None}
    return [told_of(one) for one in value] if isinstance(value, list) else value


def test_each_alert_leaves_once_with_the_fields_and_cutouts_of_its_packet(
    settings: Settings, packets: list[dict[str, Any]]
) -> None:
    told = decoded(encoder(settings), matches(settings))
    plain = decoded(encoder(settings, cutouts=False), matches(settings)[3:9])
    assert sorted(told) == sorted(packet["candid"] for packet in packets)
    assert len(plain) == 6
    for packet in packets:
        row = told[packet["candid"]]
        for name in ("objectId", "candidate", "prv_candidates", *ZTF.cutout_roots):
            assert told_of(row[name]) == told_of(packet[name]), name
        assert row["brokerIngestTimestamp"] == "2026-01-02 03:04:05.678901"
        if packet["candid"] in plain:
            assert plain[packet["candid"]] == {name: row[name] for name in row if name not in ZTF.cutout_roots}


@pytest.mark.parametrize("table", [silver_spec(ZTF), bronze_spec(ZTF)], ids=lambda spec: spec.full_name)
def test_an_alert_that_stands_twice_is_refused(settings: Settings, packets: list[dict[str, Any]], table: Any) -> None:
    chosen = matches(settings)
    silver, bronze = rows_of(packets[:1], lake_folder(settings))
    twice = silver if table.full_name == silver_spec(ZTF).full_name else bronze
    append_rows(table, lake_folder(settings), [{name: row.get(name) for name in table.schema.names} for row in twice])
    with pytest.raises(LakeError, match="the tables disagree"):
        decoded(encoder(settings), chosen)


def test_an_alert_that_bronze_or_silver_lacks_is_refused(settings: Settings, packets: list[dict[str, Any]]) -> None:
    append(settings, rows_of([later(one, 0) for one in packets[:2]], lake_folder(settings), first=ALERTS)[0])
    chosen = matches(settings)
    assert len(chosen) == ALERTS + 2
    with pytest.raises(LakeError, match=r"hold 12 packets for 14 alerts to send, for example alert \d+: the tables"):
        decoded(encoder(settings), chosen)
    nowhere = replace(chosen[0], key=(chosen[0].key[0], 0, 99))
    with pytest.raises(LakeError, match=f"hold 1 packets for 2 alerts to send, for example alert {nowhere.alert_id}"):
        decoded(encoder(settings), [nowhere, next(one for one in chosen[1:] if one.key != nowhere.key)])
