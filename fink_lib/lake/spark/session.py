"""The only place that builds a Spark session."""

import logging
import os
import sys
from collections.abc import Mapping

from pyspark.sql import SparkSession

from fink_lib.config import Settings
from fink_lib.lake.decided import require_decided
from fink_lib.lake.spark.jars import session_jars
from fink_lib.lake.spark.log_store import LOG_STORE_CONF
from fink_lib.lake.spark.object_store import object_store_conf, object_store_jars
from fink_lib.storage import on_disk

logger = logging.getLogger(__name__)

COMMON_CONF = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "5",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",
    "spark.sql.execution.pyspark.udf.faulthandler.enabled": "true",
    "spark.python.worker.faulthandler.enabled": "true",
    "spark.sql.streaming.stopTimeout": "60000",
    "spark.sql.parquet.compression.codec": "zstd",
}
# For batches and nights of thousands of rows. Java written and compiled for a row of 200 fields takes a second or
# two, for every query anew; planning again at run time, and a second task for the log of a table or for a shuffle,
# cost a fifth of a small query's processor time.
INTERPRETED_CONF = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.databricks.delta.snapshotPartitions": "1",
}
# Executors of a cluster must reach the driver; those of `local[n]` live inside it.
LOOPBACK_CONF = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}


def build_session(
    name: str,
    settings: Settings,
    *,
    memory: str | None = None,
    java_options: str | None = None,
    conf: Mapping[str, str] | None = None,
) -> SparkSession:
    """Build the session of one job.

    Parameters
    ----------
    name
        Application name: the stream's or the job's name.
    settings
        Master, lake and folders of the jars.
    memory
        Heap of the driver; the batch memory when not given.
    java_options
        Options of the driver's JVM; those of a batch job when not given.
    conf
        Further Spark configuration, over the common one.

    Raises
    ------
    HostError
        When a jar is not there, or the lake's file system does not decide which of two commits was first.
    """
    require_decided(on_disk(settings.lake, "Spark"))
    builder = SparkSession.Builder()
    merged = session_conf(name, settings, memory=memory, java_options=java_options, conf=conf)
    for key, value in merged.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("WARN")
    logger.info("spark session name=%s master=%s", name, settings.spark_master)
    return session


def session_conf(
    name: str,
    settings: Settings,
    *,
    memory: str | None = None,
    java_options: str | None = None,
    conf: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return what a session of one job is built with; see `build_session`.

    Parameters
    ----------
    name, settings, memory, java_options, conf
        Those of `build_session`; ``PYSPARK_PYTHON`` is set to this Python where it is not set.

    Raises
    ------
    HostError
        When a jar is not there.
    """
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    return {
        "spark.app.name": name,
        "spark.master": settings.spark_master,
        **COMMON_CONF,
        **({} if settings.spark_codegen else INTERPRETED_CONF),
        **size_conf(settings),
        **LOG_STORE_CONF,
        **object_store_conf(settings),
        **_jar_conf(settings),
        "spark.driver.memory": memory or settings.batch_memory,
        "spark.driver.extraJavaOptions": _java_options(settings, java_options),
        "spark.sql.warehouse.dir": str(settings.home / "spark-warehouse"),
        **(conf or {}),
    }


def size_conf(settings: Settings) -> dict[str, str]:
    """Return how wide a session works: few parts on two cores, as many as there are on a cluster."""
    conf = {}
    if settings.spark_partitions is not None:
        for key in ("spark.sql.shuffle.partitions", "spark.databricks.delta.snapshotPartitions"):
            conf[key] = str(settings.spark_partitions)
    if settings.spark_master.startswith("local"):
        return conf
    if settings.spark_cores is not None:
        # Streams deal a batch out to so many tasks, also while executors are still coming.
        conf["spark.cores.max"] = conf["spark.default.parallelism"] = str(settings.spark_cores)
    return {**conf, "spark.executor.memory": settings.executor_memory}


def _jar_conf(settings: Settings) -> dict[str, str]:
    """Return where the jars are: on the class path of the one JVM there is, or handed to the executors."""
    jars = [str(jar) for jar in (*session_jars(settings), *object_store_jars(settings))]
    if settings.spark_master.startswith("local"):
        return {**LOOPBACK_CONF, "spark.driver.extraClassPath": ":".join(jars)}
    return {"spark.jars": ",".join(jars)}


def _java_options(settings: Settings, chosen: str | None) -> str:
    """Add the archive of classes where it fits: it is not of the jars of an object store, which precede Spark's."""
    options = settings.batch_java_options if chosen is None else chosen
    archive = settings.class_archive
    if settings.has_object_store or not archive.exists():
        return options
    return f"-XX:SharedArchiveFile={archive} -Xlog:cds=off {options}".strip()
