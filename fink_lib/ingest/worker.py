"""The judge as Spark's Python workers run it."""

import functools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from fink_lib.ingest.judge import Judge
from fink_lib.lake.writer_schemas import WriterSchemas
from fink_lib.surveys import Survey
from fink_lib.surveys.pickled import from_bytes, to_bytes


def judging(survey: Survey, lake: Path | None) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return the function for `DataFrame.mapInArrow` that judges messages.

    A worker keeps what it learns of schemas from batch to batch.
    """
    plain = to_bytes(survey)

    def judge(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        judge_of_worker = kept(plain, lake)
        for batch in batches:
            yield from judge_of_worker.rows(batch)

    return judge


@functools.lru_cache(maxsize=4)
def kept(survey: bytes, lake: Path | None) -> Judge:
    """Return the judge that this process keeps for a survey."""
    return Judge(from_bytes(survey), None if lake is None else WriterSchemas(lake))
