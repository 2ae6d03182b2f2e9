"""The fast path through the framings: Spark SQL over the bytes of a message, no Python.

A *prefix* is what stands before the datum and names its writer schema: the whole container header
up to the sync marker, or the five Confluent bytes. Every message of one producer and one schema
shares its prefix byte for byte, so a comparison with the known ones both dispatches on the writer
schema and tells the prefix's length. What does not match exactly is left to the slow path.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pyspark.sql.functions as F
from pyspark.sql import Column

from fink_lib.errors import SurveyError

SYNC_BYTES = 16
CONFLUENT_PREFIX_BYTES = 5
_VARINT_LIMITS = (6, 13, 20, 27)  # a zigzag varint of 1, 2, 3, 4 bytes holds counts below 2**limit


@dataclass(frozen=True)
class Opening:
    """How the messages of one framing are opened.

    Attributes
    ----------
    prefix_of
        Length in bytes of a message's prefix, or None where it has none; pure Python.
    candidate
        The prefix of a message as binary Column, null where it has none; to find unknown prefixes.
    body
        (value, prefix length) → the datum as binary Column, null where the framing is not exact.
    """

    prefix_of: Callable[[bytes], int | None]
    candidate: Callable[[Column], Column]
    body: Callable[[Column, Column], Column]


def _container_prefix(message: bytes) -> int | None:
    length = message.find(message[-SYNC_BYTES:])
    return length if 0 < length < len(message) - 2 * SYNC_BYTES else None


def _container_candidate(value: Column) -> Column:
    # substring_index searches bytes, and the cast to string and back leaves every byte as it is.
    sync = _last(value).cast("string")
    prefix = F.call_function("substring_index", value.cast("string"), sync, F.lit(1)).cast("binary")
    length = F.octet_length(prefix)
    return F.when((length > 0) & (length < F.octet_length(value) - 2 * SYNC_BYTES), prefix)


def _last(value: Column) -> Column:
    # Not `right`: that counts characters, even of a binary column.
    return F.substring(value, F.octet_length(value) - (SYNC_BYTES - 1), F.lit(SYNC_BYTES))


def _container_body(value: Column, prefix: Column) -> Column:
    # After prefix and sync marker stand: the count of records (1), the size of the block, the datum, the marker again.
    # The size must be exactly what is there, so its varint is computed from the length and compared.
    space = F.octet_length(value) - prefix - F.lit(2 * SYNC_BYTES + 1)
    width = F.when(space - 1 < 2 ** _VARINT_LIMITS[0], 1)
    for size, bits in enumerate(_VARINT_LIMITS[1:], start=2):
        width = width.when(space - size < 2**bits, size)
    expected = F.when(width == 1, F.concat(F.lit("02"), F.lpad(F.hex((space - 1) * 2), 2, "0")))
    for size in range(2, len(_VARINT_LIMITS) + 1):
        expected = expected.when(width == size, F.concat(F.lit("0"), F.hex(_block_head(space - size, size))))
    start = prefix + SYNC_BYTES + 1
    same_sync = F.substring(value, prefix + 1, F.lit(SYNC_BYTES)) == _last(value)
    fits = same_sync & (F.hex(F.substring(value, start, width + 1)) == expected)
    return F.when(fits, F.substring(value, start + 1 + width, space - width))


def _block_head(size: Column, width: int) -> Column:
    """Return the count byte 0x02 and the zigzag varint of a size as one big-endian integer."""
    zigzag = size.cast("long") * 2
    head = F.lit(2).cast("long")
    for index in range(width):
        septet = F.shiftright(zigzag, 7 * index).bitwiseAND(F.lit(0x7F))
        more = 0x80 if index < width - 1 else 0
        head = F.shiftleft(head, 8) + septet + more
    return head


def _confluent_prefix(message: bytes) -> int | None:
    return CONFLUENT_PREFIX_BYTES if len(message) > CONFLUENT_PREFIX_BYTES and message[0] == 0 else None


def _confluent_candidate(value: Column) -> Column:
    prefix = F.substring(value, 1, CONFLUENT_PREFIX_BYTES)
    return F.when(F.startswith(value, F.lit(b"\x00")) & (F.octet_length(value) > CONFLUENT_PREFIX_BYTES), prefix)


def _confluent_body(value: Column, prefix: Column) -> Column:
    return F.substring(value, prefix + 1, F.octet_length(value) - prefix)


_OPENINGS = {
    "container": Opening(_container_prefix, _container_candidate, _container_body),
    "confluent": Opening(_confluent_prefix, _confluent_candidate, _confluent_body),
}


def opening_of(framing: str) -> Opening:
    """Return how messages of a framing are opened.

    Raises
    ------
    SurveyError
        When there is no fast path for a framing of that name.
    """
    try:
        return _OPENINGS[framing]
    except KeyError:
        known = ", ".join(sorted(_OPENINGS))
        raise SurveyError(f"ingest cannot open the framing '{framing}': it knows {known}") from None
