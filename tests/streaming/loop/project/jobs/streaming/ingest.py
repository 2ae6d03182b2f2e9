"""A driver whose batches a test can slow down or break, by files in the home."""

import sys
import time

from pyspark.sql import DataFrame, SparkSession

from fink_lib.config import Settings
from fink_lib.lake.table import append_once
from fink_lib.streaming.loop import run_stream
from fink_lib.streaming.plan import StreamPlan
from fink_lib.streaming.spec import Stage, StreamSpec
from fink_lib.surveys import Survey


def plan(session: SparkSession, spec: StreamSpec, survey: Survey) -> StreamPlan:
    home = spec.settings.home
    source = (
        session.readStream.format("delta").option("maxFilesPerTrigger", 1).load(str(spec.settings.lake / "incoming"))
    )

    def write(batch: DataFrame, batch_id: int) -> None:
        (home / "working").touch()
        if (home / "boom").exists():
            raise ValueError("this batch cannot be written")
        while (home / "slow").exists():
            time.sleep(0.1)
        append_once(batch.coalesce(1), spec.settings.lake / "out", spec.app_id, batch_id)

    return StreamPlan(spec, source, write, 0.2)


sys.exit(run_stream(StreamSpec("ztf", Stage.INGEST, Settings()), plan))
