"""A packet as a file: an Avro container of one record, whose bytes are those that the telescope sent. Pure."""

import hashlib

MAGIC, SYNC_BYTES = b"Obj\x01", 16


def container(datum: bytes, schema: str) -> bytes:
    """Return an Avro object container file (Avro 1.11, uncompressed) with one record.

    Parameters
    ----------
    datum
        The record.
    schema
        What it was written with, as JSON.
    """
    sync = hashlib.sha256(datum).digest()[:SYNC_BYTES]  # of the packet: the same file each time
    entries = {b"avro.codec": b"null", b"avro.schema": schema.encode()}
    told = b"".join(_sized(name) + _sized(value) for name, value in entries.items())
    return b"".join([MAGIC, _long(len(entries)), told, _long(0), sync, _long(1), _sized(datum), sync])


def _sized(content: bytes) -> bytes:
    return _long(len(content)) + content


def _long(value: int) -> bytes:
    """Return a number that is not negative as Avro writes it: doubled, seven bits a byte."""
    rest, found = value << 1, bytearray()
    while rest >= 1 << 7:
        found.append(rest & 0x7F | 0x80)
        rest >>= 7
    found.append(rest)
    return bytes(found)
