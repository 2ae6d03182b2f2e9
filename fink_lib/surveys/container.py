"""Read the Avro object container format by hand, so that each kind of damage gets its own name.

A container is the magic, a map of metadata, sixteen bytes of sync marker, then blocks: a count of
records, a size in bytes, the bytes, the marker again (Avro 1.11 specification, "Object Container Files").
"""

import json
import zlib
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import cramjam

from fink_lib.errors import PacketError
from fink_lib.inflate import INFLATE_ERRORS, MOST_BYTES, TooLargeError, inflated, unpacked_zstandard
from fink_lib.surveys.base import AvroSchema, Damage, Datum

MAGIC = b"Obj\x01"
SYNC_BYTES = 16
SCHEMA_KEY = "avro.schema"
CODEC_KEY = "avro.codec"
_VARINT_MAX_BYTES = 10  # a 64-bit long, seven bits a byte
_RAW_DEFLATE = -15
_CRC_BYTES = 4


class _Short(Exception):
    """The bytes end in the middle of what is being read."""


class Header(NamedTuple):
    """What stands before the first block.

    Attributes
    ----------
    schema, text
        Writer schema, parsed and as it stands there.
    codec
        Name of the block compression.
    sync
        The marker that closes each block.
    end
        Offset of the first byte after the header.
    """

    schema: AvroSchema
    text: str
    codec: str
    sync: bytes
    end: int


class _Announced(NamedTuple):
    """What stands before the sync marker, and what it says."""

    prefix: bytes
    schema: AvroSchema
    text: str
    codec: str


# The headers of one producer differ in their sync marker alone: comparing bytes is ten times as fast as parsing them.
_recent: deque[_Announced] = deque(maxlen=8)


class Block(NamedTuple):
    """One block: number of records, their bytes uncompressed, offset of the first byte after it."""

    records: int
    body: bytes
    end: int


def read_long(data: bytes, at: int) -> tuple[int, int]:
    """Read a zig-zag long; return it and the offset after it.

    Parameters
    ----------
    data
        A message.
    at
        Byte at which the number begins.

    Raises
    ------
    PacketError
        UNDECODABLE when the number has more than 64 bits.
    """
    value = 0
    for index in range(_VARINT_MAX_BYTES):
        if at + index >= len(data):
            raise _Short
        byte = data[at + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:  # noqa: PLR2004 - the continuation bit of a varint
            return (value >> 1) ^ -(value & 1), at + index + 1
    raise PacketError(Damage.UNDECODABLE, f"the length at byte {at} is longer than a 64-bit number")


def write_long(value: int) -> bytes:
    """Write a long as Avro does: zig-zag, seven bits a byte."""
    rest = (value << 1) ^ (value >> 63)
    out = bytearray()
    while rest > 0x7F:  # noqa: PLR2004 - the continuation bit of a varint
        out.append((rest & 0x7F) | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def _read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    size, start = read_long(data, at)
    if size < 0:
        raise PacketError(Damage.UNDECODABLE, f"the header gives a length of {size} at byte {at}")
    if start + size > len(data):
        raise _Short
    return data[start : start + size], start + size


def _read_metadata(data: bytes) -> tuple[dict[str, bytes], int]:
    at = len(MAGIC)
    metadata: dict[str, bytes] = {}
    while True:
        count, at = read_long(data, at)
        if count == 0:
            return metadata, at
        if count < 0:  # a negative count is followed by the size of the map block
            _, at = read_long(data, at)
        for _ in range(abs(count)):
            key, at = _read_bytes(data, at)
            metadata[key.decode(errors="replace")], at = _read_bytes(data, at)


@lru_cache(maxsize=64)
def parse_schema_text(text: str) -> AvroSchema:
    """Parse the JSON of a writer schema; the same text gives the same object.

    Raises
    ------
    PacketError
        When the text is not JSON, or not a record.
    """
    try:
        schema = json.loads(text)
    except ValueError as error:
        raise PacketError(Damage.UNDECODABLE, f"the embedded schema is not JSON: {error}") from error
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise PacketError(Damage.UNKNOWN_SCHEMA, "the embedded schema is not a record")
    return schema


def read_header(message: bytes) -> Header:
    """Read everything before the first block.

    Raises
    ------
    PacketError
        NOT_A_PACKET without the magic, TRUNCATED when the header does not end, UNDECODABLE when it
        holds no usable schema.
    """
    known = next((one for one in _recent if message.startswith(one.prefix)), None) or _announced(message)
    at = len(known.prefix)
    if len(message) < at + SYNC_BYTES:
        raise PacketError(Damage.TRUNCATED, f"the message ends in its sync marker, after {len(message)} bytes")
    return Header(known.schema, known.text, known.codec, message[at : at + SYNC_BYTES], at + SYNC_BYTES)


def _announced(message: bytes) -> _Announced:
    """Read the metadata of a container."""
    if not message.startswith(MAGIC):
        what = "empty" if not message else f"{len(message)} bytes that do not begin with the container magic"
        raise PacketError(Damage.NOT_A_PACKET, f"the message is {what}")
    try:
        metadata, at = _read_metadata(message)
    except _Short:
        raise PacketError(Damage.TRUNCATED, f"the message ends in its header, after {len(message)} bytes") from None
    if SCHEMA_KEY not in metadata:
        raise PacketError(Damage.UNDECODABLE, "the container header holds no avro.schema")
    codec = metadata.get(CODEC_KEY, b"null").decode(errors="replace")
    if codec not in _CODECS:
        raise PacketError(Damage.UNDECODABLE, f"block codec '{codec}' is not one of {', '.join(_CODECS)}")
    try:
        text = metadata[SCHEMA_KEY].decode()
    except UnicodeDecodeError as error:
        raise PacketError(Damage.UNDECODABLE, f"the embedded schema is not text: {error}") from error
    _recent.append(_Announced(message[:at], parse_schema_text(text), text, codec))
    return _recent[-1]


def read_block(message: bytes, at: int, header: Header) -> Block:
    """Read the block that begins at an offset.

    Parameters
    ----------
    message
        The whole container.
    at
        Byte at which the block begins.
    header
        What `read_header` returned.

    Raises
    ------
    PacketError
        TRUNCATED or BAD_SYNC_MARKER; UNDECODABLE when the codec refuses the bytes.
    """
    try:
        count, start = read_long(message, at)
        size, start = read_long(message, start)
    except _Short:
        raise PacketError(Damage.TRUNCATED, f"the message ends in a block header at byte {at}") from None
    if count < 0 or size < 0:
        raise PacketError(Damage.UNDECODABLE, f"the block at byte {at} claims {count} records in {size} bytes")
    end = start + size + SYNC_BYTES
    marker = message[start + size : end]
    if marker != header.sync:
        _refuse_marker(message, end, marker, header)
    return Block(count, _CODECS[header.codec](message[start : start + size]), end)


def _refuse_marker(message: bytes, end: int, marker: bytes, header: Header) -> None:
    """Tell a message that was cut off from one that lost or changed bytes inside."""
    complete = message.endswith(header.sync) and len(message) > header.end + SYNC_BYTES
    if end > len(message) and not complete:
        raise PacketError(Damage.TRUNCATED, f"the block should end at byte {end}, the message has {len(message)}")
    if complete:
        reason = (
            f"the sync marker stands at the end of the message, not at byte {end - SYNC_BYTES} where the block ends"
        )
    else:
        reason = f"the block ends with {marker.hex()}, not with the header's sync marker {header.sync.hex()}"
    raise PacketError(Damage.BAD_SYNC_MARKER, reason)


def _plain(data: bytes) -> bytes:
    return data


def _deflate(data: bytes) -> bytes:
    try:
        return inflated(data, _RAW_DEFLATE)
    except INFLATE_ERRORS as error:
        raise PacketError(Damage.UNDECODABLE, f"the deflate block cannot be inflated: {error}") from error


def _snappy(data: bytes) -> bytes:
    try:
        if (
            cramjam.snappy.decompress_raw_len(data[:-_CRC_BYTES]) > MOST_BYTES
        ):  # it would be set aside before it is read
            raise PacketError(Damage.UNDECODABLE, f"the snappy block cannot be read: {TooLargeError()}")
        body = bytes(cramjam.snappy.decompress_raw(data[:-_CRC_BYTES]))
    except cramjam.DecompressionError as error:
        raise PacketError(Damage.UNDECODABLE, f"the snappy block cannot be read: {error}") from error
    if zlib.crc32(body) != int.from_bytes(data[-_CRC_BYTES:], "big"):
        raise PacketError(Damage.UNDECODABLE, "the CRC of the snappy block does not fit its content")
    return body


def _zstandard(data: bytes) -> bytes:
    try:
        return unpacked_zstandard(data)
    except (OSError, TooLargeError) as error:
        raise PacketError(Damage.UNDECODABLE, f"the zstandard block cannot be read: {error}") from error


_CODECS: dict[str, Callable[[bytes], bytes]] = {
    "null": _plain,
    "deflate": _deflate,
    "snappy": _snappy,
    "zstandard": _zstandard,
}


def claimed_datum(message: bytes) -> Datum:
    """Return what the first block of a damaged container claims to hold, whatever stands around it.

    Raises
    ------
    PacketError
        When header or block head cannot be read, or the block is not one uncompressed record.
    """
    header = read_header(message)
    try:
        count, start = read_long(message, header.end)
        size, start = read_long(message, start)
    except _Short:
        raise PacketError(Damage.TRUNCATED, "the message ends before its first block") from None
    if count != 1 or size < 0 or header.codec != "null":
        raise PacketError(Damage.UNDECODABLE, f"the block claims {count} records, codec {header.codec}")
    return Datum(header.schema, message[start : start + size], header.text)
