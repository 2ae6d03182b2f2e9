"""What single streams go by."""

from typing import Literal

from pydantic import BaseModel, Field


class IngestSettings(BaseModel):
    """How ingest takes its messages."""

    ingest_trigger_s: float = Field(1.0, ge=0, description="Seconds between two micro-batches of ingest")
    max_offsets_per_batch: int = Field(8000, gt=0, description="Most Kafka messages that one ingest batch takes")


class EnrichSettings(BaseModel):
    """How enrich takes its alerts."""

    enrich_trigger_s: float = Field(1.0, ge=0, description="Seconds between two micro-batches of enrich")


class DistributeSettings(BaseModel):
    """How distribute takes its alerts."""

    distribute_trigger_s: float = Field(1.0, ge=0, description="Seconds between two micro-batches of distribute")


class TableSourceSettings(BaseModel):
    """How a stream reads a table."""

    max_files_per_batch: int = Field(16, gt=0, description="Most Delta files that one enrich or distribute batch takes")


class SupervisionSettings(BaseModel):
    """How a stream is started and watched."""

    stream_runner: Literal["local", "spark-submit"] = Field(
        "local", description="What starts the driver of a stream: local, a process; or spark-submit, in client mode"
    )
    heartbeat_silence_s: float = Field(60.0, gt=0, description="A driver whose heartbeat is older than this is stalled")


class ScienceSettings(BaseModel):
    """What a science module may take."""

    science_alert_s: float = Field(
        10.0, gt=0, description="Time that a science module may take for one alert before it is given up for it"
    )
    science_load_s: float = Field(
        120.0, gt=0, description="Time that a science module may take to load its catalogues and models"
    )
    science_search_s: float = Field(
        180.0, ge=0, description="Time that one batch may be held up by alerts that end the process of one module"
    )
    science_memory_mb: int = Field(
        4096, gt=0, description="Memory that the science modules of one worker may ask for before one is given up"
    )


class OutputSettings(BaseModel):
    """What leaves the broker, and how."""

    filters_batch_s: float = Field(
        60.0,
        gt=0,
        description="Time that judging one batch may take before users' filters are timed and slow ones switched off",
    )
    output_partitions: int = Field(
        10, gt=0, description="Partitions of each output topic; fink-client needs exactly 10"
    )
    output_retention_days: float = Field(
        7.0, gt=0, description="Days that messages stay on output topics; a changed value is applied to topics in use"
    )
    restricted_topics: str = Field(
        "", description="Output topics, with commas, that only users with a grant may read (`fink kafka grant`)"
    )
    compact_topics: str = Field(
        "", description="Topics, with commas, in Confluent's framing; fink-client reads only those that are not"
    )
    schema_registry: str = Field(
        "", description="Schema registry of compact topics, http(s)://[user:password@]host:port; empty is the local one"
    )
