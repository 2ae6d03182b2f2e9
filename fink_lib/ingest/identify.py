"""Name a raw message: its alert id and its night, as far as they can be read."""

import io
import json
import logging

import fastavro

from fink_lib.errors import FinkError
from fink_lib.kafka.message import from_headers
from fink_lib.kafka.reading import RawMessage
from fink_lib.surveys import Survey, value_at

logger = logging.getLogger(__name__)


def identify_input(survey: Survey, message: RawMessage) -> tuple[int | None, str | None]:
    """Read alert id and night (YYYY-MM-DD) of a survey's message, as ingest would; None for what cannot be read.

    Parameters
    ----------
    survey
        Whose message.
    message
        A message of one of its own topics.
    """
    from fink_lib.ingest.examine import examine  # noqa: PLC0415 - numba: only messages that bronze lacks are read

    verdict = examine(message.value, survey)
    return verdict.alert_id, verdict.night


def identify_output(survey: Survey, message: RawMessage) -> tuple[int | None, str | None]:
    """Read alert id and night of a message on an output topic: off its headers, or by the schema in its key.

    Parameters
    ----------
    survey
        Whose alert.
    message
        A message that distribute wrote.

    Returns
    -------
    Id, and night as YYYY-MM-DD; None for what cannot be read.
    """
    facts = from_headers(message.headers)
    if facts is not None:
        return facts.alert_id, facts.night.isoformat()
    try:
        record = fastavro.schemaless_reader(io.BytesIO(message.value or b""), json.loads(message.key or b""), None)
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
