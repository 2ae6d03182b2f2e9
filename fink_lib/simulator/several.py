"""A file of several alerts as the messages that the survey would have sent: one alert each, its bytes unchanged."""

import io
from collections.abc import Iterator
from typing import Any

import fastavro

from fink_lib.errors import PacketError
from fink_lib.surveys import Survey
from fink_lib.surveys.base import Damage
from fink_lib.surveys.checks import without_defaults
from fink_lib.surveys.container import read_block, read_header


def messages_of_several(data: bytes, survey: Survey) -> list[bytes]:
    """Return one message an alert of a whole container that holds more than one; else none.

    A survey sends one alert a message, and ingest sets aside a message of several. In a file there is nothing wrong
    with it.

    Parameters
    ----------
    data
        The bytes of a file.
    survey
        Whose framing the messages get.
    """
    try:
        survey.framing.unwrap(data)
    except PacketError as error:
        if error.error_class != Damage.SEVERAL_RECORDS:
            return []
    else:
        return []
    try:
        schema = read_header(data).schema
        return [survey.framing.wrap(schema, datum) for datum in _data(data)]
    except (PacketError, ValueError, IndexError, KeyError, TypeError, EOFError):
        return []  # it is played as it is, and the quarantine will say what is wrong with it


def _data(container: bytes) -> Iterator[bytes]:
    """Yield the bytes of each record of a container."""
    header = read_header(container)
    parsed: Any = fastavro.parse_schema(without_defaults(header.schema))
    at = header.end
    while at < len(container):
        block = read_block(container, at, header)
        at, stream = block.end, io.BytesIO(block.body)
        for _ in range(block.records):
            begin = stream.tell()
            fastavro.schemaless_reader(stream, parsed, None)
            yield block.body[begin : stream.tell()]
