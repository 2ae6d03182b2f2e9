"""The parts of a match on a cluster: Spark hands each to a worker, which matches it as one process would."""

import pickle
from collections.abc import Iterable, Iterator

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from fink_lib.catalogs.match import FOUND
from fink_lib.catalogs.parts import Part, match_part
from fink_lib.config import Settings
from fink_lib.lake.spark.session import build_session

PART = "part"


def match_on_cluster(settings: Settings, parts: Iterable[Part]) -> Iterator[pa.Table]:
    """Match parts by the workers of Spark; their hosts must see the lake under the same path.

    Parameters
    ----------
    settings
        Which master; the session ends with the process.
    parts
        What is matched; a task each.

    Yields
    ------
    pa.Table
        `FOUND`, of all parts.
    """
    packed = [pickle.dumps(part) for part in parts]
    if packed:
        session = SparkSession.getActiveSession() or build_session("crossmatch", settings)
        rows = session.createDataFrame(pa.table({PART: pa.array(packed, pa.binary())}))
        yield rows.repartition(len(packed)).mapInArrow(_match, from_arrow_schema(FOUND)).toArrow().cast(FOUND)


def _match(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for part in batch.column(PART).to_pylist():
            yield from match_part(pickle.loads(part)).to_batches()  # noqa: S301 - packed by the driver of this very job
