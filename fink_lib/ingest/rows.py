"""Judged messages as rows of bronze and of quarantine."""

import datetime as dt
from collections.abc import Sequence

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame

from fink_lib import __version__
from fink_lib.ingest.judge import ERROR_CLASS, RAW, REASON
from fink_lib.ingest.worker import INGEST_TIME
from fink_lib.lake.tables import KAFKA_COLUMNS
from fink_lib.surveys import Survey
from fink_lib.surveys.tables import bronze_spec


def at_run_time(moment: dt.datetime) -> Column:
    """Return a moment as a Column that differs from batch to batch while the generated code does not.

    Spark writes a plain timestamp literal into the code that it generates, and would compile the whole
    row anew for every batch; an array is handed over as an object, and picked from at run time.
    """
    return F.get(F.array(F.lit(moment)), F.least(F.col("kafka_partition"), F.lit(0)))


def bronze_columns(survey: Survey) -> Sequence[Column]:
    """Return the columns of the bronze table, in its order, but for `ingest_time`, which each batch has its own of."""
    return [F.col(name) for name in bronze_spec(survey).schema.names if name != INGEST_TIME]


def bronze_rows(judged: DataFrame, columns: Sequence[Column], ingest_time: dt.datetime) -> DataFrame:
    """Return the rows of messages that are fine.

    Parameters
    ----------
    judged
        What `BatchWriter.judged` made.
    columns
        What `bronze_columns` returned.
    ingest_time
        The same for all rows.
    """
    good = judged.where(F.col(ERROR_CLASS).isNull())
    return good.select(*columns, at_run_time(ingest_time).alias(INGEST_TIME))


def quarantine_rows(judged: DataFrame, stage: str, now: dt.datetime) -> DataFrame:
    """Return the rows of messages that are not, with their bytes.

    Parameters
    ----------
    judged
        What `BatchWriter.judged` made.
    stage
        Stage that sets them aside.
    now
        When they are set aside.
    """
    return judged.where(F.col(ERROR_CLASS).isNotNull()).select(
        "night",
        "alert_id",
        *(one.name for one in KAFKA_COLUMNS),
        F.lit(stage).alias("stage"),
        ERROR_CLASS,
        REASON,
        at_run_time(now).alias("quarantine_time"),
        F.lit(__version__).alias("code_version"),
        F.col("kafka_key").alias("raw_key"),
        F.col("kafka_headers").alias("raw_headers"),
        F.col(RAW).alias("raw"),
    )
