"""A cheap but real driver: rows that the test puts into a Delta table go to bronze, by Spark and the run loop."""

import sys

from pyspark.sql import DataFrame, SparkSession

from fink_lib.config import Settings
from fink_lib.streams.loop import run_stream
from fink_lib.streams.plan import StreamPlan
from fink_lib.streams.spec import Stage, StreamSpec


def plan(session: SparkSession, spec: StreamSpec) -> StreamPlan:
    source = session.readStream.format("delta").load(str(spec.settings.lake / "incoming"))
    bronze = spec.settings.lake / f"bronze_{spec.survey}__alerts"

    def write(batch: DataFrame, batch_id: int) -> None:
        writer = batch.coalesce(1).write.format("delta").mode("append").partitionBy("night")
        writer.option("txnAppId", spec.app_id).option("txnVersion", batch_id).save(str(bronze))

    return StreamPlan(spec, source, write, spec.settings.ingest_trigger_s)


sys.exit(run_stream(StreamSpec("ztf", Stage.INGEST, Settings()), plan))
