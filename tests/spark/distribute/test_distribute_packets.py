"""The value of a message, decoded as a client does, holds the packet field for field."""

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyspark.sql.functions as F
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.avro.functions import to_avro

from fink_lib.distribute.alerts import Silver, public_ones
from fink_lib.distribute.framing import schema_text
from fink_lib.distribute.match import HEAD, USERS, Match, match, narrow, paths_of
from fink_lib.distribute.packets import Outgoing, Packets
from fink_lib.distribute.selection import Selection
from fink_lib.errors import LakeError
from fink_lib.filters.registry import active_filters, filters_of
from fink_lib.lake.spark.table import read_table
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import ZTF
from fink_lib.surveys.tables import bronze_spec
from fink_lib.testing.bytes import kept_bytes
from tests.builders.packet_rows import Packet
from tests.spark.distribute.planted import add, rows_of
from tests.spark.distribute.same import differences

pytestmark = pytest.mark.spark

FILTERS = tuple(one for one in filters_of("ztf") if one.name in {"sso_ztf_candidates", "variable_stars"})


@pytest.fixture(scope="module")
def lake(planted_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the lake: a test here adds to it, and others count what the first one holds."""
    return Path(shutil.copytree(planted_lake, tmp_path_factory.mktemp("packets") / "lake"))


@pytest.fixture
def selection() -> Selection:
    return Selection("ztf", silver_spec(ZTF).plain_schema, tuple(one.name for one in FILTERS))


@pytest.fixture
def encoder(lake: Path, selection: Selection) -> Packets:
    return Packets(lake, bronze_spec(ZTF), ZTF, selection.suffix.record)


def alerts_of(frame: DataFrame, selection: Selection) -> pa.Table:
    """Return the public alerts of the files of a table, of which no user's filter selects any."""
    rows = Silver(selection.silver).heads(frame.inputFiles(), [*HEAD, "candidate.programid"])
    public = public_ones(rows, ZTF.public)
    return public.append_column(USERS, pa.array([[]] * public.num_rows, pa.list_(pa.string())))


@pytest.fixture
def matches(spark: SparkSession, lake: Path, selection: Selection) -> list[Match]:
    alerts = alerts_of(read_table(silver_spec(ZTF), spark, lake), selection)
    return [one for judged in selection.judged(alerts) for one in judged.matches if one.filters]


def test_files_are_judged_as_spark_judges_tables(spark: SparkSession, lake: Path) -> None:
    """All filters, and the identity of each alert, by both ways."""
    silver = read_table(silver_spec(ZTF), spark, lake)
    active = active_filters(filters_of("ztf"), paths_of(silver.schema))
    both = Selection("ztf", silver_spec(ZTF).plain_schema, tuple(one.name for one in active))
    found = [one for judged in both.judged(alerts_of(silver, both)) for one in judged.matches if one.filters]
    plain = [replace(one, suffix=None, private=None) for one in found]
    assert sorted(plain, key=lambda one: one.key) == sorted(
        match(narrow(silver, ZTF, active), active), key=lambda one: one.key
    )
    assert len(plain) > 5


def test_what_is_added_is_what_spark_would_write(
    spark: SparkSession, lake: Path, matches: list[Match], selection: Selection
) -> None:
    silver = read_table(silver_spec(ZTF), spark, lake)
    columns = [
        F.lit(None).cast("string").alias(name)
        if name not in silver.columns
        else F.date_format(name, "yyyy-MM-dd HH:mm:ss.SSSSSS")
        if name in {"ingest_time", "enrich_time"}
        else F.col(name)
        for name in selection.suffix.columns
    ]
    named = [column.alias(fld["name"]) for column, fld in zip(columns, selection.suffix.record["fields"], strict=True)]
    value = to_avro(F.struct(*named), schema_text(selection.suffix.record))
    rows = silver.select(*KAFKA_KEY, value.alias("value")).collect()
    expected = {tuple(row[name] for name in KAFKA_KEY): bytes(row["value"]) for row in rows}
    assert {one.key: one.suffix for one in matches} == {one.key: expected[one.key] for one in matches}


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
