"""Run by the code of v0.1.0, whose names it uses: what becomes of its streams when checkpoints and topics do not stay.

Prints JSON: what the tables held after each step, or what a stream ended with.
"""

import json
import shutil
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from confluent_kafka.admin import AdminClient
from deltalake import DeltaTable
from fink_lib.spark import build_session
from fink_lib.streaming import spec as specs
from fink_lib.streaming.spec import Stage, StreamSpec
from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession

from fink_lib.config import Settings
from fink_lib.distribute.stream import plan as distribute
from fink_lib.enrich import stream as enrich
from fink_lib.ingest.stream import plan as ingest
from fink_lib.simulator.player import play
from fink_lib.simulator.request import PlayRequest
from fink_lib.surveys import ZTF, Survey
from fink_lib.surveys.base import Cut

STREAMS: dict[Stage, Any] = {Stage.INGEST: ingest, Stage.ENRICH: enrich.plan, Stage.DISTRIBUTE: distribute}
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

    def run(self, stage: Stage, survey: Survey | None = None) -> str:
        """Take all that is there; return what the stream ended with."""
        spec = StreamSpec("ztf", stage, self.settings)
        try:
            with closing(STREAMS[stage](self.session.newSession(), spec, survey or self.survey)) as planned:
                planned.start(available_now=True).awaitTermination()
        except StreamingQueryException as end:
            return str(end)
        return ""

    def delete(self, night: str = "1") -> None:
        admin = AdminClient({"bootstrap.servers": self.settings.kafka_bootstrap})
        admin.delete_topics([f"{self.name}_{night}"], operation_timeout=30)[f"{self.name}_{night}"].result()

    def lose(self, stage: Stage, *, raised: bool) -> None:
        """Move the checkpoint of a stream away; the documented recovery raises its version too."""
        shutil.rmtree(StreamSpec("ztf", stage, self.settings).checkpoint)
        specs.CHECKPOINT_VERSIONS[stage] += raised

    def rows(self, table: str) -> int:
        path = self.settings.lake / TABLES[table]
        there = DeltaTable.is_deltatable(str(path))
        return DeltaTable(str(path)).to_pyarrow_dataset().count_rows() if there else 0


def checkpoints(bench: Bench) -> dict[str, Any]:
    """Enrich's is lost; then those of ingest and enrich are moved away as the operator's page says."""
    found: dict[str, Any] = {}
    bench.send(0, 12)
    bench.run(Stage.INGEST), bench.run(Stage.ENRICH)
    bench.lose(Stage.ENRICH, raised=False)
    bench.send(12, 16)
    bench.run(Stage.INGEST), bench.run(Stage.ENRICH)
    found["silver once enrich lost its checkpoint"] = [bench.rows("bronze"), bench.rows("silver")]
    for stage in (Stage.INGEST, Stage.ENRICH):
        bench.lose(stage, raised=True)
        bench.run(stage)
    found["tables after the documented recovery"] = [bench.rows("bronze"), bench.rows("silver")]
    return found | {"distribute after it": bench.run(Stage.DISTRIBUTE)}


def killed(bench: Bench) -> dict[str, Any]:
    """Enrich dies between `rejected` and `silver`, and comes back with another cut."""

    def with_cut(least: float) -> Survey:
        return replace(bench.survey, cuts=(Cut("rb", f"candidate.rb >= {least}", "a test's own"),))

    def die(frame: Any, path: Path, app_id: str, batch_id: int) -> None:
        if app_id.endswith(".silver"):
            raise RuntimeError("killed before silver")
        honest(frame, path, app_id, batch_id)

    bench.send(0, 60)
    bench.run(Stage.INGEST)
    honest, enrich.append_once = enrich.append_once, die
    bench.run(Stage.ENRICH, with_cut(0.8))
    enrich.append_once = honest
    bench.run(Stage.ENRICH, with_cut(0.9))
    return {"places of killed enrich": [bench.rows(table) for table in TABLES]}


def deleted(bench: Bench) -> dict[str, Any]:
    """A topic that was read to its end is deleted, and that of the next night comes."""
    bench.send(0, 4)
    bench.run(Stage.INGEST)
    bench.delete()
    bench.send(4, 8, night="2")
    return {"ingest after a topic was deleted": [bench.run(Stage.INGEST), bench.run(Stage.INGEST)]}


def recreated(bench: Bench) -> dict[str, Any]:
    """A topic that was read to its end is made anew with as many messages."""
    bench.send(0, 4)
    bench.run(Stage.INGEST)
    bench.delete()
    shutil.rmtree(bench.settings.home / "1-0")
    bench.send(0, 4)
    return {"ingest of a topic made anew": [bench.run(Stage.INGEST), bench.rows("bronze")]}


SCENES: tuple[Callable[[Bench], dict[str, Any]], ...] = (recreated, deleted, checkpoints, killed)


def main(packets: str) -> None:
    """Play every scene, each in a home of its own."""
    settings = Settings()
    session = build_session("of-v0.1.0", settings, memory="1g")
    session.sparkContext.setLogLevel("OFF")
    found: dict[str, Any] = {}
    for scene in SCENES:
        home = settings.model_copy(update={"home": settings.home / scene.__name__})
        found |= scene(Bench(scene.__name__, session, home, Path(packets)))
    session.stop()
    sys.stdout.write(f"{json.dumps(found)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
