"""Real packets as bronze rows, and a bench that runs the enrich stream over them until it has caught up."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from fink_lib.config import Settings
from fink_lib.enrich.stream import plan
from fink_lib.lake.spark.table import ensure_table, read_table, spark_schema
from fink_lib.lake.tables import quarantine, silver_rejected
from fink_lib.science.framework.silver import silver_spec
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import Survey, get_survey
from fink_lib.surveys.tables import bronze_spec
from fink_lib.testing.bytes import kept_bytes
from tests.builders.packet_rows import arrived

Packet = Mapping[str, Any]
TOPIC = "ztf_20181129_programid1"
ARRIVED = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def bronze_row(survey: Survey, packet: Packet, offset: int, **changes: Any) -> dict[str, Any]:
    """Return a packet as ingest writes it: two partitions in turn."""
    head = arrived(survey, packet, offset // 2, ARRIVED, topic=TOPIC, partition=offset % 2)
    return {**head, "schema_version": packet.get("schemavsn"), "code_version": "test", **packet, **changes}


@dataclass
class Bench:
    """A lake of one survey with an enrich stream."""

    session: SparkSession
    settings: Settings
    survey: Survey = field(default_factory=lambda: get_survey("ztf"))

    @property
    def spec(self) -> StreamSpec:
        return StreamSpec(self.survey.name, Stage.ENRICH, self.settings)

    def offer(self, rows: Sequence[dict[str, Any]]) -> None:
        """Append rows to bronze as one commit."""
        table = bronze_spec(self.survey)
        path = ensure_table(table, self.session, self.settings.lake)
        rows = [row | kept_bytes(row, self.survey.name, self.settings.lake) for row in rows]
        arrow = pa.Table.from_pylist(rows, schema=table.plain_schema)
        frame = self.session.createDataFrame(arrow, schema=spark_schema(table)).coalesce(1)
        frame.write.format("delta").mode("append").save(str(path))

    def run(self) -> None:
        """Enrich everything that bronze holds."""
        query = plan(self.session, self.spec, self.survey).start(available_now=True)
        query.awaitTermination()

    @property
    def silver(self) -> DataFrame:
        return read_table(silver_spec(self.survey), self.session, self.settings.lake)

    @property
    def rejected(self) -> DataFrame:
        return read_table(silver_rejected(self.survey.name), self.session, self.settings.lake)

    @property
    def quarantine(self) -> DataFrame:
        return read_table(quarantine(self.survey.name), self.session, self.settings.lake)

    def forget_last_commit(self) -> None:
        """Make the checkpoint look as if the driver had died before its last batch was committed."""
        commits = sorted((self.spec.checkpoint / "commits").glob("[0-9]*"), key=lambda path: int(path.name))
        (commits[-1].parent / f".{commits[-1].name}.crc").unlink(missing_ok=True)
        commits[-1].unlink()

    def drop_silver_commit(self) -> None:
        """Make the silver table look as if its last append had never happened."""
        log = silver_spec(self.survey).path(self.settings.lake) / "_delta_log"
        last = max(log.glob("*.json"))
        assert any("add" in json.loads(line) for line in last.read_text().splitlines())
        for path in log.glob(f"*{last.stem}*"):
            path.unlink()
