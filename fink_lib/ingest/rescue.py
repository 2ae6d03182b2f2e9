"""The slow path: look at one message at a time, save it or say precisely what is wrong with it."""

import io
import json
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import fastavro
import pyarrow as pa

from fink_lib.errors import PacketError
from fink_lib.ingest.opening import opening_of
from fink_lib.ingest.writers import fingerprint, version_of
from fink_lib.surveys import Damage, Survey
from fink_lib.surveys.container import claimed_datum
from fink_lib.surveys.framing import ContainerFraming, check_cutouts, check_known, decode

COLUMNS = {"body": pa.binary(), "error_class": pa.string(), "reason": pa.string()}
COLUMNS |= {"schema_fingerprint": pa.string(), "schema_version": pa.string()}
COLUMNS_SQL = "body binary, error_class string, reason string, schema_fingerprint string, schema_version string"


class Verdict(NamedTuple):
    """What the slow path found.

    Attributes
    ----------
    body
        The record written anew in the survey's reader schema, or None where it could not be decoded.
    error_class, reason
        The damage, or None for a message that is fine after all.
    schema_fingerprint, schema_version
        Of the writer schema, where one could be read.
    """

    body: bytes | None
    error_class: str | None
    reason: str | None
    schema_fingerprint: str | None
    schema_version: str | None


def examine(message: bytes | None, survey: Survey) -> Verdict:
    """Judge one message; whatever is wrong with it, this returns."""
    if message is None:
        return Verdict(None, Damage.NO_RECORD, "the message has no value: a tombstone", None, None)
    try:
        return _examine(message, survey)
    except PacketError as error:
        return Verdict(_glimpse(message, survey), str(error.error_class), error.reason, None, None)
    except Exception as error:  # noqa: BLE001 - bytes from outside may break any parser, and must not end the stream
        return Verdict(None, Damage.UNDECODABLE, f"the packet cannot be read: {error!r}", None, None)


def _examine(message: bytes, survey: Survey) -> Verdict:
    damage: PacketError | None = None
    datum = survey.framing.unwrap(message)
    check_known(datum.schema, survey)
    record = decode(datum)
    try:
        check_cutouts(record, survey)
    except PacketError as error:
        damage = error
    length = opening_of(survey.framing.name).prefix_of(message) or 0
    return Verdict(
        _rewritten(record, survey),
        None if damage is None else str(damage.error_class),
        None if damage is None else damage.reason,
        fingerprint(datum.schema),
        version_of(message[:length], datum.schema, survey),
    )


def _glimpse(message: bytes, survey: Survey) -> bytes | None:
    """Read the record of a container whose framing is damaged around it; None where that cannot be done.

    The quarantine can then say which alert and which night the message was.
    """
    if survey.framing.name != ContainerFraming.name:
        return None
    try:
        datum = claimed_datum(message)
        check_known(datum.schema, survey)
        return _rewritten(decode(datum), survey)
    except Exception:  # noqa: BLE001 - what is looked at is known to be damaged: any failure means that nothing is seen
        return None


def _rewritten(record: dict[str, Any], survey: Survey) -> bytes:
    """Write a record in the reader schema, so that the JVM turns it into a row as it does all others."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, _parsed(json.dumps(survey.reader_schema)), record)
    return out.getvalue()


@lru_cache(maxsize=8)
def _parsed(text: str) -> Any:
    return fastavro.parse_schema(json.loads(text))


def verdicts(survey: Survey) -> Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]:
    """Return the function for `DataFrame.mapInArrow` that adds a verdict to each message."""

    def judge(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
        for batch in batches:
            found = [examine(value.as_py(), survey) for value in batch.column("value")]
            columns = [
                pa.array([verdict[place] for verdict in found], kind) for place, kind in enumerate(COLUMNS.values())
            ]
            yield pa.RecordBatch.from_arrays([*batch.columns, *columns], [*batch.schema.names, *COLUMNS])

    return judge
