"""Unpacks what a sender packed, within a bound: a kilobyte of zeros may stand for a gigabyte of them.

The fast inflater raises two unrelated classes, one of which its type stubs do not know as an exception.
"""

import zlib
from typing import Any

import pyarrow as pa
from isal import igzip_lib, isal_zlib

_ISAL_ERROR: Any = igzip_lib.IsalError
INFLATE_ERRORS: tuple[type[Exception], ...] = (_ISAL_ERROR, zlib.error)

MOST_BYTES = 64 << 20  # a hundred times the largest packet that was seen, and what one worker can spare


class TooLargeError(zlib.error):
    """What is packed is larger than anything that is read."""

    def __init__(self) -> None:
        super().__init__(f"more than {MOST_BYTES >> 20} MiB when it is unpacked")


def inflated(data: bytes, window: int) -> bytes:
    """Return the content of one deflate stream; what follows it is passed over.

    Parameters
    ----------
    data
        The stream.
    window
        Window bits as zlib counts them: 31 for gzip, -15 for a bare stream.

    Raises
    ------
    zlib.error, isal.igzip_lib.IsalError
        As `INFLATE_ERRORS`: when it is damaged, ends early or is `TooLargeError`.
    """
    inflater = isal_zlib.decompressobj(window)
    plain = bytes(inflater.decompress(data, MOST_BYTES + 1))
    if len(plain) > MOST_BYTES:
        raise TooLargeError
    if not inflater.eof:
        raise zlib.error(f"incomplete or truncated stream after {len(data)} bytes")
    return plain


def unpacked_zstandard(data: bytes) -> bytes:
    """Return the content of zstandard frames.

    Raises
    ------
    OSError
        When they are damaged.
    TooLargeError
        When they hold too much.
    """
    with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
        plain = bytes(stream.read(MOST_BYTES + 1))
    if len(plain) > MOST_BYTES:
        raise TooLargeError
    return plain
