"""What a message is, judged by the reference path: whose alert, of which night, and where it should end."""

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq

from fink_lib.errors import ConfigError, PacketError
from fink_lib.simulator.reading import Content
from fink_lib.simulator.rebuild import CannotRebuild, is_foreign_export, rebuild
from fink_lib.simulator.several import messages_of_several
from fink_lib.surveys import Damage, Survey, value_at
from fink_lib.surveys.checks import check_cutouts, check_known, decode
from fink_lib.surveys.container import MAGIC, read_header
from fink_lib.surveys.rules import broken_rule

BRONZE, REPEAT = "bronze", "repeat"


@dataclass(frozen=True, slots=True)
class Facts:
    """What can be read of a message.

    Attributes
    ----------
    alert_id, object_id
        Whose alert; None where that cannot be read.
    observed
        Observation time in days, as the survey counts them.
    night
        The night it falls in.
    expected
        ``bronze``, ``repeat`` or ``quarantine:<damage>``.
    """

    alert_id: int | None
    object_id: str | None
    observed: float | None
    night: date | None
    expected: str


def examine(message: bytes, survey: Survey) -> Facts:
    """Judge one message as if it were sent now.

    Parameters
    ----------
    message
        Its bytes, framed, damaged or not.
    survey
        Whose reader schema and rules it is judged by.
    """
    try:
        datum = survey.framing.unwrap(message)
        check_known(datum.schema, survey)
        record = decode(datum)
    except PacketError as error:
        return _facts(_glimpse(message, survey), survey, _quarantine(error))
    try:
        check_cutouts(record, survey)
    except PacketError as error:
        return _facts(record, survey, _quarantine(error))
    if broken_rule(record, survey, time.time()) is not None:
        return _facts(record, survey, f"quarantine:{Damage.BAD_VALUE}")
    return _facts(record, survey, BRONZE)


def _quarantine(error: PacketError) -> str:
    return f"quarantine:{error.error_class}"


def _glimpse(message: bytes, survey: Survey) -> dict[str, Any]:
    """Read what a damaged message still holds; empty when that is nothing."""
    datum = survey.framing.claimed(message)
    if datum is None:
        return {}
    try:
        check_known(datum.schema, survey)
        return decode(datum)
    except PacketError:
        return {}


def _facts(record: dict[str, Any], survey: Survey, expected: str) -> Facts:
    alert_id, object_id = value_at(record, survey.fields.alert_id), survey.object_of(record)
    observed = value_at(record, survey.fields.time)
    try:
        night = None if observed is None else survey.night.night_of(observed)
    except ConfigError:
        observed, night = None, None
    return Facts(alert_id, object_id, observed, night, expected)


def messages_of(content: Content, survey: Survey) -> Iterator[tuple[bytes, bool]]:
    """Yield the messages that a file stands for, and whether each had to be rebuilt.

    A packet is yielded as it is, damaged or not. A file of several alerts, and an export with columns of its own,
    become the packets that the survey had sent. Anything else yields nothing.

    Parameters
    ----------
    content
        The file.
    survey
        Whose packets are looked for.
    """
    if content.is_table:
        yield from ((message, True) for message in _rebuilt_rows(content, survey))
    elif content.is_packet:
        rebuilt = list(_rebuilt_export(content.data, survey)) or messages_of_several(content.data, survey)
        yield from ((message, True) for message in rebuilt)
        if not rebuilt:
            yield content.data, False


def _rebuilt_export(data: bytes, survey: Survey) -> Iterator[bytes]:
    try:
        if data.startswith(MAGIC) and is_foreign_export(read_header(data).schema, survey):
            yield from [rebuild(record, survey) for record in _records(data)]
    except (PacketError, CannotRebuild, ValueError, KeyError, IndexError, TypeError, EOFError):
        return  # it is played as it is, and the quarantine will say what is wrong with it


def _records(data: bytes) -> Iterator[dict[str, Any]]:
    for record in fastavro.reader(io.BytesIO(data)):
        if isinstance(record, dict):
            yield record


def _rebuilt_rows(content: Content, survey: Survey) -> Iterator[bytes]:
    try:
        rows = pq.read_table(io.BytesIO(content.data)).to_pylist()
        yield from [rebuild(row, survey) for row in rows]
    except (CannotRebuild, pa.ArrowException, ValueError, AttributeError, TypeError, KeyError):
        return  # a table of something else: named among the skipped files
