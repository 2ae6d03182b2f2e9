"""The image in a stamp: a FITS file, gzipped or plain, read without astropy's half millisecond for each card."""

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from fink_lib.inflate import INFLATE_ERRORS, inflated

Image = npt.NDArray[np.float64]

BLOCK_BYTES, CARD_BYTES = 2880, 80
GZIP_MAGIC, GZIP_WINDOW = b"\x1f\x8b", 31
PIXEL_TYPES = {8: ">u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
_NUMBER = re.compile(r"(SIMPLE|BITPIX|NAXIS[12]?|BSCALE|BZERO) *= *([-+.\dEeDT]+)")


class NoImageError(ValueError):
    """The bytes are no two-dimensional FITS image; the message says what they lack."""


def read_image(stamp: bytes | None) -> Image:
    """Return the pixels of the first image of a FITS file, shape (rows, columns).

    Raises
    ------
    NoImageError
        With the reason, as a clause that completes "the stamp …".
    """
    if not stamp:
        raise NoImageError("is empty")
    plain = _inflate(bytes(stamp))
    if not plain.startswith(b"SIMPLE  ="):
        raise NoImageError("is no FITS file")
    header, start = _header(plain)
    shape = int(header.get("NAXIS2", 0)), int(header.get("NAXIS1", 0))
    kind = PIXEL_TYPES.get(int(header.get("BITPIX", 0)))
    count = shape[0] * shape[1]
    if int(header.get("NAXIS", 0)) != 2 or kind is None or count < 1:  # noqa: PLR2004 - an image has two axes
        raise NoImageError("holds no image")
    if len(plain) < start + count * np.dtype(kind).itemsize:
        raise NoImageError("is cut short")
    pixels = np.frombuffer(plain, dtype=kind, count=count, offset=start).astype(np.float64).reshape(shape)
    return pixels * header.get("BSCALE", 1.0) + header.get("BZERO", 0.0)


def _inflate(stamp: bytes) -> bytes:
    if not stamp.startswith(GZIP_MAGIC):
        return stamp
    try:
        return inflated(stamp, GZIP_WINDOW)
    except INFLATE_ERRORS as problem:
        raise NoImageError("cannot be unpacked") from problem


def _header(plain: bytes) -> tuple[dict[str, float], int]:
    """Return the numbers of the primary header, and where its data begin."""
    for at in range(0, len(plain), CARD_BYTES):
        if plain[at : at + 8] == b"END     ":
            break
    else:
        raise NoImageError("has no end of its header")
    start = -(-(at + CARD_BYTES) // BLOCK_BYTES) * BLOCK_BYTES
    cards = [plain[place : place + CARD_BYTES].decode("ascii", "replace") for place in range(0, at, CARD_BYTES)]
    found: dict[str, Any] = {}
    for card in cards:
        match = _NUMBER.match(card)
        if match and match[2] != "T":
            found[match[1]] = float(match[2].replace("D", "E"))
    return found, start
