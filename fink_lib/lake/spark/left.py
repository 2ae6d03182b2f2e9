"""Rows of Spark without those whose place stands in the tables already."""

from collections.abc import Sequence

import pyarrow as pa
import pyspark.sql.functions as F
from pyspark.sql import DataFrame

from fink_lib.lake.spark.arrow_rows import frame_of
from fink_lib.lake.tables import KAFKA_KEY


def left(frame: DataFrame, taken: pa.Table, names: Sequence[str] = KAFKA_KEY) -> DataFrame:
    """Return the rows whose place is not taken.

    Parameters
    ----------
    frame
        Rows with a place.
    taken
        Places, as `fink_lib.lake.places.Places.taken` gives them.
    names
        What the frame calls topic, partition and offset.
    """
    if not taken.num_rows:
        return frame
    done = F.broadcast(frame_of(frame.sparkSession, taken))
    same = [frame[mine] == done[column] for mine, column in zip(names, KAFKA_KEY, strict=True)]
    return frame.join(done, same, "left_anti")
