"""Points of a history that are not public: the alert leaves without them, written anew."""

import io
import json
from functools import lru_cache
from typing import Any

import fastavro
import pyspark.sql.functions as F
from pyspark.sql import Column

from fink_lib.avro.schema import resolved
from fink_lib.surveys import Survey


def has_private(survey: Survey, columns: list[str]) -> Column:
    """Return whether an alert of silver has points that must not leave."""
    found = [
        F.exists(root, lambda point: ~F.coalesce(point[survey.points_programme] == 1, F.lit(False)))
        for root in survey.points_withheld
        if root in columns
    ]
    some = F.lit(False)
    for one in found:
        some = some | F.coalesce(one, F.lit(False))
    return some


def without_private(datum: bytes, writer: str, survey: Survey) -> tuple[bytes, int]:
    """Return a datum without the points that are not public, and how many there were.

    Parameters
    ----------
    datum, writer
        A packet, and the schema that it was written with, as JSON.
    survey
        Whose packet.
    """
    schema = _parsed(writer)
    record: Any = fastavro.schemaless_reader(io.BytesIO(datum), schema, None)
    withheld = 0
    for root in survey.points_withheld:
        points = record.get(root)
        if points is not None:
            kept = [point for point in points if point is not None and point.get(survey.points_programme) == 1]
            withheld += len(points) - len(kept)
            record[root] = kept
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, record)
    return out.getvalue(), withheld


@lru_cache(maxsize=64)
def _parsed(text: str) -> Any:
    return fastavro.parse_schema(resolved(json.loads(text)))
