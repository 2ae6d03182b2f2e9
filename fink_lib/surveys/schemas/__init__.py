"""The Avro supersets, one file a survey; made from the surveys' published schemas by `superset.merge`."""

import json
from importlib.resources import files

from fink_lib.surveys.base import AvroSchema


def load(survey: str) -> AvroSchema:
    """Return the superset of one survey."""
    schema: AvroSchema = json.loads((files(__name__) / f"{survey}.avsc").read_text())
    return schema
