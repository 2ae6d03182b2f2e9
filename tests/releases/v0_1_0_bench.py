"""Run by the code of v0.1.0, whose names it uses: one home whose streams are run to the end of what is there."""

import shutil
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from confluent_kafka.admin import AdminClient
from deltalake import DeltaTable
from fink_lib.streaming import spec as specs
from fink_lib.streaming.spec import Stage, StreamSpec
from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession

from fink_lib.config import Settings
from fink_lib.distribute.stream import plan as distribute
from fink_lib.enrich.stream import plan as enrich
from fink_lib.ingest.stream import plan as ingest
from fink_lib.simulator.player import play
from fink_lib.simulator.request import PlayRequest
from fink_lib.surveys import ZTF, Survey

STREAMS: dict[Stage, Any] = {Stage.INGEST: ingest, Stage.ENRICH: enrich, Stage.DISTRIBUTE: distribute}
TABLES = {"bronze": "bronze_ztf__alerts", "silver": "silver_ztf__alerts", "rejected": "silver_ztf__rejected"}


@dataclass(frozen=True)
class Bench:
    """One home, with topics of its own on the broker of all."""

    name: str
    session: SparkSession
    settings: Settings
    packets: Path

    @property
    def survey(self) -> Survey:
        return replace(ZTF, topic_pattern=f"{self.name}_.*")

    def send(self, first: int, last: int, night: str = "1") -> None:
        """Play some of the packets into the topic of a night."""
        folder = self.settings.home / f"{night}-{first}"
        folder.mkdir(parents=True)
        for packet in sorted(self.packets.iterdir())[first:last]:
            shutil.copy(packet, folder)
        play(PlayRequest(folder, replace(self.survey, topic_format=f"{self.name}_{night}"), self.settings))

    def packet(self, number: int) -> bytes:
        return sorted(self.packets.iterdir())[number].read_bytes()

    def run(self, stage: Stage, survey: Survey | None = None) -> str:
        """Take all that is there; return what the stream ended with."""
        spec = StreamSpec("ztf", stage, self.settings)
        try:
            with closing(STREAMS[stage](self.session.newSession(), spec, survey or self.survey)) as planned:
                planned.start(available_now=True).awaitTermination()
        except StreamingQueryException as end:
            return str(end)
        return ""

    @cached_property
    def admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.settings.kafka_bootstrap})

    def delete(self, night: str = "1") -> None:
        topic = f"{self.name}_{night}"
        self.admin.delete_topics([topic], operation_timeout=30)[topic].result()

    def checkpoint(self, stage: Stage) -> Path:
        return StreamSpec("ztf", stage, self.settings).checkpoint

    def lose(self, stage: Stage, *, raised: bool) -> None:
        """Move the checkpoint of a stream away; the documented recovery raises its version too."""
        shutil.rmtree(self.checkpoint(stage))
        specs.CHECKPOINT_VERSIONS[stage] += raised

    def rows(self, table: str) -> int:
        path = self.settings.lake / TABLES[table]
        there = DeltaTable.is_deltatable(str(path))
        return DeltaTable(str(path)).to_pyarrow_dataset().count_rows() if there else 0
