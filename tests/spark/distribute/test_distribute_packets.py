"""The value of a message, decoded as a client does, holds the packet field for field."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import fastavro
import pytest
from pyspark.sql import SparkSession

from fink_lib.distribute.match import Match, match, narrow
from fink_lib.distribute.packets import Addition, Outgoing, Packets
from fink_lib.errors import LakeError
from fink_lib.filters.registry import filters_of
from fink_lib.lake.spark.table import read_table
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import ZTF
from fink_lib.surveys.tables import bronze_spec
from fink_lib.testing.bytes import kept_bytes
from tests.spark.distribute.planted import Packet, add, rows_of
from tests.spark.distribute.same import differences

pytestmark = pytest.mark.spark

FILTERS = tuple(one for one in filters_of("ztf") if one.name in {"sso_ztf_candidates", "variable_stars"})


@pytest.fixture(scope="module")
def lake(planted_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the lake: a test here adds to it, and others count what the first one holds."""
    return Path(shutil.copytree(planted_lake, tmp_path_factory.mktemp("packets") / "lake"))


@pytest.fixture
def addition(spark: SparkSession, lake: Path) -> Addition:
    return Addition.of(read_table(silver_spec(ZTF), spark, lake), ZTF)


@pytest.fixture
def encoder(lake: Path, addition: Addition) -> Packets:
    return Packets(lake, bronze_spec(ZTF), ZTF, addition.record)


@pytest.fixture
def matches(spark: SparkSession, lake: Path, addition: Addition) -> list[Match]:
    silver = read_table(silver_spec(ZTF), spark, lake)
    return match(narrow(silver, ZTF, FILTERS, message=addition.columns), FILTERS)


def decode(whole: Outgoing) -> dict[str, Any]:
    """Decode as fink-client does; nothing may be left over."""
    rest = io.BytesIO(whole.value)
    record = fastavro.schemaless_reader(rest, fastavro.parse_schema(json.loads(whole.schema)), None)
    assert rest.read() == b""
    assert isinstance(record, dict)
    return record


def test_every_field_of_the_packet_arrives(encoder: Packets, matches: list[Match], packets: list[Packet]) -> None:
    values, _ = encoder.encode(matches)
    assert set(values) == {one.key for one in matches}
    by_id = {packet["candid"]: packet for packet in packets}
    for one in matches:
        told = decode(values[one.key])
        assert differences(by_id[one.alert_id], told) == []


def test_science_and_the_brokers_own_columns_arrive(encoder: Packets, matches: list[Match]) -> None:
    told = decode(encoder.encode(matches)[0][matches[0].key])
    number = matches[0].key[2]
    assert told["roid"] == 3
    assert told["gcvs"] == ("RRAB" if number % 6 == 0 else "Unknown")
    assert told["cdsxmatch"] is None
    assert told["science_versions"] == {"solar_system": "1.0"}
    assert told["fink_broker_version"] == "0.0.test"
    assert told["brokerIngestTimestamp"] == "2023-10-18 04:05:07.789000"
    assert told["brokerEndProcessTimestamp"] == "2023-10-18 04:05:08.789000"
    assert "kafka_offset" not in told


def test_an_absent_record_is_a_real_null(encoder: Packets, matches: list[Match]) -> None:
    told = [decode(value) for value in encoder.encode(matches)[0].values()]
    assert {type(one["lc_features_r"]) for one in told} == {dict, type(None)}
    assert all(one["lc_features_g"] is None for one in told)


def test_an_alert_without_its_cutouts_stops_the_batch(encoder: Packets, matches: list[Match]) -> None:
    lost = Match(**{**vars(matches[0]), "key": ("ztf_20231018_programid1", 1, 999_999), "alert_id": 77})
    with pytest.raises(LakeError, match="for example of alert 77"):
        encoder.encode([*matches, lost])


def test_rows_committed_later_are_seen(
    spark: SparkSession, encoder: Packets, lake: Path, matches: list[Match], packets: list[Packet]
) -> None:
    later = {"kafka_topic": "ztf_20231019_programid1", "kafka_partition": 0, "kafka_offset": 5}
    for table in (bronze_spec(ZTF), silver_spec(ZTF)):
        add(spark, table, lake, rows_of(table, [packets[-1]], lambda _, one: later | kept_bytes(one, "ztf", lake)))
    late = Match(
        **{
            **vars(matches[0]),
            "key": tuple(later.values()),
            "night": ZTF.night.night_of(packets[-1]["candidate"]["jd"]),
        }
    )
    told = decode(encoder.encode([late])[0][late.key])
    assert told["candid"] == packets[-1]["candid"]
