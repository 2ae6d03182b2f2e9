"""Rows in memory as a frame of Spark: the one way to make such a frame of an Arrow table."""

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType


def frame_of(session: SparkSession, rows: pa.Table, schema: StructType | None = None) -> DataFrame:
    """Return rows as a frame.

    Spark 4.1 ends at the first piece of a table that has no row, and drops what comes behind it without a word; a
    filter, or a table that was put together, leaves such pieces. So the rows are put into one piece before.

    Parameters
    ----------
    session, rows
        Whose frame, of what.
    schema
        Of the frame; that of the rows when not given.
    """
    whole = rows.combine_chunks()
    return session.createDataFrame(whole) if schema is None else session.createDataFrame(whole, schema=schema)
