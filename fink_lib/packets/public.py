"""A packet as it may leave: points of a history that are not public are taken out, and it is written anew."""

import io
import json
from functools import lru_cache
from typing import Any

import fastavro

from fink_lib.avro.schema import resolved
from fink_lib.surveys import Survey


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
