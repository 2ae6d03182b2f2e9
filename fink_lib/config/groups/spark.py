"""Spark and its JVMs."""

from pydantic import BaseModel, Field


class SparkSettings(BaseModel):
    """Every session."""

    spark_master: str = Field("local[2]", description="local[n], spark://, yarn or k8s:// master of every job")
    spark_cores: int | None = Field(
        None, gt=0, description="Cores of a cluster that each stream and each job takes; unset, what its master gives"
    )
    spark_partitions: int | None = Field(
        None, gt=0, description="Parts that Spark deals a shuffle and the log of a table out to; unset suits two cores"
    )
    executor_memory: str = Field("1g", description="Heap of one executor of a cluster; local[n] has none")
    spark_codegen: bool = Field(
        False,
        description="Let Spark compile Java for a query and adapt its plan as it runs; pays from 100,000 rows on",
    )


class DriverSettings(BaseModel):
    """The driver of a stream."""

    stream_memory: str = Field("2g", description="Heap of one streaming driver")
    stream_java_options: str = Field(
        "-XX:+UseParallelGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m",
        description="Further options of a streaming driver's JVM; these are for two cores, see docs/operator.md",
    )
    stop_timeout_s: float = Field(
        60.0, gt=0, description="Time a driver is given to finish its micro-batch before it is killed"
    )


class BatchSettings(BaseModel):
    """Jobs of a night."""

    batch_memory: str = Field("2g", description="Heap of one nightly job")
    batch_java_options: str = Field(
        "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m",
        description="Further options of a nightly job's JVM; empty suits nights of millions, jobs of minutes",
    )


class JobServerSettings(BaseModel):
    """The server of short jobs."""

    job_server_idle_s: float = Field(
        1800.0,
        ge=0,
        description="Time without work after which the server of short Spark jobs ends; 0: each has a JVM of its own",
    )
    job_server_memory: str = Field("1g", description="Heap of the server of short Spark jobs")
