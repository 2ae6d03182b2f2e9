"""A small lake of real alerts with real science, written by delta-rs: no JVM."""

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from fink_lib.science.framework.batch_builder import batch_of_packets, wanted
from fink_lib.science.framework.registry import stream_modules
from fink_lib.science.framework.runner import run, versions
from fink_lib.science.framework.silver import silver_spec
from fink_lib.storage import LakePath
from fink_lib.storage.paths import delta_options
from fink_lib.surveys import ZTF
from fink_lib.surveys.inputs import inputs_of
from tests.builders.packet_rows import arrived

AT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def write_silver(lake: LakePath, packets: list[dict[str, Any]], cache: Path) -> None:
    """Write packets as enrich would: identity, where each came from, science, and the packet without its cutouts."""
    spec, modules = silver_spec(ZTF), stream_modules("ztf")
    batch = batch_of_packets(packets, wanted(modules, inputs_of("ztf")), inputs_of("ztf"), ZTF)
    outcome = run(modules, batch, cache)
    schema = spec.plain_schema
    found = [_facts(number, packet, versions(modules, cache)) for number, packet in enumerate(packets)]
    columns = {name: pa.array([row.get(name) for row in found], schema.field(name).type) for name in schema.names}
    columns |= {name: array.cast(schema.field(name).type) for name, array in outcome.columns.items()}
    columns["science_errors"] = outcome.error_maps(len(found)).cast(schema.field("science_errors").type)
    path, rows = spec.path(lake), pa.table(columns, schema=schema)
    by, options = list(spec.partitioned_by), delta_options(path)
    write_deltalake(str(path), rows, partition_by=by, storage_options=options)


def _facts(number: int, packet: dict[str, Any], science: dict[str, str]) -> dict[str, Any]:
    return {**packet, **arrived(ZTF, packet, number, AT), "enrich_time": AT, "science_versions": list(science.items())}
