"""A driver whose batches a test can slow down or break, by files in the home."""

import sys
import time

from pyspark.sql import DataFrame, SparkSession

from fink_lib.config import Settings
from fink_lib.lake.spark.table import append_once
from fink_lib.streams.loop import run_stream
from fink_lib.streams.plan import StreamPlan
from fink_lib.streams.spec import Stage, StreamSpec


def plan(session: SparkSession, spec: StreamSpec) -> StreamPlan:
    home = spec.settings.home
    source = (
        session.readStream.format("delta").option("maxFilesPerTrigger", 1).load(str(spec.settings.lake / "incoming"))
    )

    def loaded(_: int) -> list[str]:
        return sorted(name for name in sys.modules if name.startswith("fink_lib.ingest"))

    def write(batch: DataFrame, batch_id: int) -> None:
        if not (home / "loaded").exists():
            in_worker = session.sparkContext.parallelize([0], 1).map(loaded).collect()
            (home / "loaded").write_text(" ".join(in_worker[0]))
        (home / "working").touch()
        if (home / "boom").exists():
            raise ValueError("this batch cannot be written")
        while (home / "slow").exists():
            time.sleep(0.1)
        append_once(batch.coalesce(1), spec.settings.lake / "out", spec.app_id, batch_id)

    return StreamPlan(spec, source, write, 0.2)


sys.exit(run_stream(StreamSpec("ztf", Stage.INGEST, Settings()), plan))
