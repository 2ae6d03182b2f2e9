"""Made-up packets as the bytes that bronze keeps."""

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from fink_lib.lake.writer_schemas import WriterSchemas
from fink_lib.packets.rebuilt import Rebuilder
from fink_lib.storage import LakePath
from fink_lib.surveys import get_survey


def kept_bytes(packet: Mapping[str, Any], survey: str, lake: LakePath) -> dict[str, Any]:
    """Return ``schema_sha256``, ``head`` and ``tail`` of a packet; the lake knows its schema from then on.

    Parameters
    ----------
    packet
        A decoded packet, as the survey's own schema has it.
    survey
        Its name.
    lake
        Root folder of the tables.
    """
    writer = rebuilder(survey)
    schemas(lake).ensure({**writer.schema_row(), "first_time": dt.datetime.now(dt.UTC)})
    head, tail = writer.write(packet)
    return {"schema_sha256": writer.sha256, "head": head, "tail": tail}


@lru_cache(maxsize=8)
def rebuilder(survey: str) -> Rebuilder:
    """Return what writes packets of a survey."""
    return Rebuilder(get_survey(survey))


@lru_cache(maxsize=64)
def schemas(lake: LakePath) -> WriterSchemas:
    """Return the writer schemas of a lake."""
    return WriterSchemas(lake)
