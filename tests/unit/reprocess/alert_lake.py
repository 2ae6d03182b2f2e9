"""A lake of one night in files that Delta readers know, made of real packets without a JVM."""

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from fink_lib.config import Settings
from fink_lib.lake.tables import quarantine, silver_rejected
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import ZTF
from fink_lib.surveys.tables import bronze_spec
from tests.builders.packet_rows import arrived

Row = dict[str, Any]
NIGHT = dt.date(2018, 11, 29)
T0 = dt.datetime(2018, 11, 30, tzinfo=dt.UTC)
TOPIC = "ztf_20181129_programid1"
SPECS = {"silver": silver_spec(ZTF), "rejected": silver_rejected(ZTF.name), "bronze": bronze_spec(ZTF)}


def head(packet: Row, offset: int) -> Row:
    """Return who a packet is and where it came from: two partitions in turn."""
    return arrived(ZTF, packet, offset // 2, T0, topic=TOPIC, partition=offset % 2, ingest_s=1.0)


def silver_row(packet: Row, offset: int, **changes: Any) -> Row:
    """Return a packet as enrich writes it, with made-up science."""
    star = offset % 3 == 0
    science = {"roid": offset % 4, "vsx": "EW" if star else "Unknown", "vsx_sep_arcsec": 0.5 if star else None}
    stamps = {"enrich_time": T0 + dt.timedelta(seconds=2), "code_version": "0.1.0", "science_errors": {}}
    told = {"science_versions": {"solar_system": "1.0", "catalog.vsx": "a"}}
    return {**packet, **head(packet, offset), **stamps, **told, **science, **changes}


def rejected_row(packet: Row, offset: int, **changes: Any) -> Row:
    """Return a packet that failed the cut on its score."""
    stamps = {"enrich_time": T0 + dt.timedelta(seconds=2), "code_version": "0.1.0"}
    return {**head(packet, offset), **stamps, "is_duplicate": False, "reasons": ["rb"], **changes}


def write(spec: TableSpec, lake: Path, rows: list[Row]) -> Path:
    """Append rows to a table, making it where it is missing."""
    return write_at(spec, spec.path(lake), rows)


def write_at(spec: TableSpec, path: Path, rows: list[Row]) -> Path:
    """Append rows to a table in a folder of its own, making it where it is missing."""
    schema = spec.plain_schema
    table = pa.Table.from_pylist(rows, schema=schema)
    if not DeltaTable.is_deltatable(str(path)):
        DeltaTable.create(str(path), schema, partition_by=["night"])
    if rows:
        write_deltalake(str(path), table, mode="append")
    return path


def live_lake(settings: Settings, silver: list[Row], rejected: list[Row]) -> None:
    """Write the live tables of a night."""
    write(SPECS["silver"], settings.lake, silver)
    write(SPECS["rejected"], settings.lake, rejected)
    write(quarantine(ZTF.name), settings.lake, [])
