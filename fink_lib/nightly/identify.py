"""Name a raw message: its alert id and its night, as far as they can be read."""

import io
import json
import logging

import fastavro

from fink_lib.distribute.message import from_headers
from fink_lib.errors import FinkError
from fink_lib.ingest.rescue import examine
from fink_lib.nightly.watermarks import RawMessage
from fink_lib.surveys import Survey, value_at
from fink_lib.surveys.base import AvroSchema

logger = logging.getLogger(__name__)


def identify_input(survey: Survey, message: RawMessage) -> tuple[int | None, str | None]:
    """Read alert id and night (YYYY-MM-DD) of a survey's message, as ingest would; None for what cannot be read."""
    verdict = examine(message.value, survey)
    if verdict.body is None:
        return None, None
    return _identify(survey, survey.reader_schema, verdict.body)


def identify_output(survey: Survey, message: RawMessage) -> tuple[int | None, str | None]:
    """Read alert id and night of a message on an output topic: off its headers, or by the schema in its key."""
    facts = from_headers(message.headers)
    if facts is not None:
        return facts.alert_id, facts.night.isoformat()
    try:
        schema = json.loads(message.key or b"")
    except ValueError:
        return None, None
    return _identify(survey, schema, message.value or b"")


def _identify(survey: Survey, schema: AvroSchema, body: bytes) -> tuple[int | None, str | None]:
    try:
        record = fastavro.schemaless_reader(io.BytesIO(body), schema, None)
        if not isinstance(record, dict):
            return None, None
        alert_id = value_at(record, survey.fields.alert_id)
        return (None if alert_id is None else int(alert_id)), _night(survey, value_at(record, survey.fields.time))
    except Exception as error:  # noqa: BLE001 - damaged bytes make fastavro raise nearly anything
        logger.info("a message cannot be decoded: %s", error)
        return None, None


def _night(survey: Survey, observed: float | None) -> str | None:
    if observed is None:
        return None
    try:
        return survey.night.night_of(float(observed)).isoformat()
    except FinkError:
        return None
