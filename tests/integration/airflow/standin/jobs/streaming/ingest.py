"""A cheap but real driver: rows that the test puts into a Delta table go to bronze, by Spark and the run loop."""

import sys

from pyspark.sql import DataFrame, SparkSession

from fink_lib.config import Settings
from fink_lib.streaming.loop import run_stream
from fink_lib.streaming.plan import StreamPlan
from fink_lib.streaming.spec import Stage, StreamSpec
from fink_lib.surveys import Survey


def plan(session: SparkSession, spec: StreamSpec, survey: Survey) -> StreamPlan:
    source = session.readStream.format("delta").load(str(spec.settings.lake / "incoming"))
    bronze = spec.settings.lake / f"bronze_{survey.name}__alerts"

    def write(batch: DataFrame, batch_id: int) -> None:
        writer = batch.coalesce(1).write.format("delta").mode("append").partitionBy("night")
        writer.option("txnAppId", spec.app_id).option("txnVersion", batch_id).save(str(bronze))

    return StreamPlan(spec, source, write, spec.settings.ingest_trigger_s)


sys.exit(run_stream(StreamSpec("ztf", Stage.INGEST, Settings()), plan))
