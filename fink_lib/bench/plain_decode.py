"""The yard-stick: how fast Spark alone decodes the packets. Nothing is checked, nothing is exactly once.

Run as a process of its own, ``python -m fink_lib.bench.plain_decode TOPIC PREFIX_BYTES SCHEMA_FILE OUT``:
Kafka → the header cut off at a fixed length → `from_avro` → Parquet files. Prints its batches as JSON.
"""

import json
import sys
import time
from datetime import datetime
from pathlib import Path

import pyspark.sql.functions as F
from pyspark.sql import SparkSession
from pyspark.sql.avro.functions import from_avro

from fink_lib.bench.report import Batch
from fink_lib.config import Settings
from fink_lib.ingest.source import FETCH, java_security
from fink_lib.lake.spark.session import build_session

_WHOLE_REST = 2**31 - 1


def decode(
    session: SparkSession, settings: Settings, topic: str, *, prefix: int, schema: str, out: Path
) -> list[Batch]:
    """Decode every message of a topic into files; return the micro-batches.

    Parameters
    ----------
    session
        Spark with the packages of Kafka and Avro.
    settings
        Tell where Kafka is, and how many messages a batch may have.
    topic
        Its name.
    prefix
        Bytes before the datum of each message.
    schema
        The Avro schema of all of them, JSON.
    out
        Folder of the files and the checkpoint.
    """
    messages = (
        session.readStream.format("kafka")
        .option("kafka.bootstrap.servers", settings.kafka_bootstrap)
        .option("subscribe", topic)
        .option("startingOffsets", "earliest")
        .option("maxOffsetsPerTrigger", settings.max_offsets_per_batch)
        .options(**FETCH)
        .options(**java_security(settings.kafka_security))
        .load()
    )
    body = F.substring(F.col("value"), prefix + 1, _WHOLE_REST)
    packets = messages.select(from_avro(body, schema).alias("packet")).select("packet.*")
    writer = packets.writeStream.format("parquet").option("path", str(out / "files"))
    query = writer.option("checkpointLocation", str(out / "checkpoint")).trigger(availableNow=True).start()
    query.awaitTermination()
    return [_batch(json.loads(report.json)) for report in query.recentProgress if report.numInputRows > 0]


def _batch(report: dict[str, object]) -> Batch:
    seconds = float(str(report["batchDuration"])) / 1000
    began = datetime.fromisoformat(str(report["timestamp"])).timestamp()
    return Batch(int(str(report["numInputRows"])), seconds, began + seconds)


def main(arguments: list[str]) -> None:
    """Run the yard-stick and print ``{"began_s", "batches"}``."""
    topic, prefix, schema_file, out = arguments
    settings = Settings(spark_codegen=True)  # Spark as it comes
    conf = {"spark.sql.streaming.numRecentProgressUpdates": "10000"}
    session = build_session("plain-decode", settings, memory=settings.stream_memory, java_options="", conf=conf)
    began_s = time.time()
    try:
        batches = decode(
            session, settings, topic, prefix=int(prefix), schema=Path(schema_file).read_text(), out=Path(out)
        )
    finally:
        session.stop()
    sys.stdout.write(json.dumps({"began_s": began_s, "batches": batches}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
