"""A cutout as a small PNG: FITS in, eight-bit grey out, the same bytes every time."""

import re
import struct
import zlib
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

from fink_lib.inflate import INFLATE_ERRORS

Image: TypeAlias = npt.NDArray[np.float64]

GZIP_MAGIC = b"\x1f\x8b"
_GZIP = 31  # window bits that ask for a gzip header and its CRC
CARD_BYTES, BLOCK_BYTES = 80, 2880
KINDS = {8: ">u1", 16: ">i2", 32: ">i4", -32: ">f4", -64: ">f8"}  # BITPIX → numpy, big endian (FITS 4.0, 4.4.1.1)
AXES = 2
HIGH_PERCENT = 99.8
SIGMA_PER_MAD = 1.4826  # of a Gaussian
BELOW_SKY, ABOVE_SKY = 1.0, 6.0  # in sky sigma: what is black, and what is white at least
SOFTENING = 0.25  # of the stretched range: where the asinh turns from linear to logarithmic
FILL = 1e9  # some edges are filled with huge values instead of NaN
GREYS, NOTHING = 254, 255  # the last grey stands for pixels without a value


def read_stamp(raw: bytes) -> Image:
    """Return the first image of a FITS file, gzipped or not, as rows from the bottom up; NaN where it has no value.

    Raises
    ------
    ValueError
        When the bytes do not begin with a whole two-dimensional image.
    """
    try:
        plain = isal_zlib.decompress(raw, _GZIP) if raw.startswith(GZIP_MAGIC) else raw
    except INFLATE_ERRORS as error:
        raise ValueError(f"the stamp cannot be unpacked: {error}") from error
    end = next((at for at in range(0, len(plain), CARD_BYTES) if plain[at : at + 8] == b"END     "), None)
    if end is None:
        raise ValueError("the stamp is no FITS file: its header does not end")
    header = plain[:end].decode("ascii", "replace")
    keys = {key: int(value) for key, value in re.findall(r"(BITPIX|NAXIS[12]?) *= *(-?\d+)", header)}
    kind, wide, high = KINDS.get(keys.get("BITPIX", 0)), keys.get("NAXIS1", 0), keys.get("NAXIS2", 0)
    start = -(-(end + CARD_BYTES) // BLOCK_BYTES) * BLOCK_BYTES
    if kind is None or keys.get("NAXIS") != AXES or wide * high < 1:
        raise ValueError("the stamp does not begin with an image of two axes")
    pixels = np.frombuffer(plain, dtype=kind, count=wide * high, offset=start).astype(np.float64)
    return np.where(np.abs(pixels) < FILL, pixels, np.nan).reshape(high, wide)


def stretch(image: Image) -> npt.NDArray[np.uint8]:
    """Return grey values: asinh from just below the sky to the brightest pixels, `NOTHING` where there is no value.

    The softened logarithm shows sky and source at once: Lupton et al. 1999, AJ 118, 1406.
    """
    good = np.isfinite(image)
    grey = np.full(image.shape, NOTHING, dtype=np.uint8)
    if not good.any():
        return grey
    sky = np.median(image[good])
    sigma = SIGMA_PER_MAD * np.median(np.abs(image[good] - sky))
    low, high = sky - BELOW_SKY * sigma, max(np.percentile(image[good], HIGH_PERCENT), sky + ABOVE_SKY * sigma)
    scaled = np.clip((image[good] - low) / ((high - low) or 1.0), 0.0, 1.0)
    curved = np.arcsinh(scaled / SOFTENING) / np.arcsinh(1.0 / SOFTENING)
    grey[good] = np.round(curved * GREYS).astype(np.uint8)
    return grey


def to_png(grey: npt.NDArray[np.uint8]) -> bytes:
    """Encode grey rows, bottom first, as a PNG, top first; pixels of `NOTHING` are transparent."""
    height, width = grey.shape
    rows = np.zeros((height, width + 1), dtype=np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = grey[::-1]
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    transparent = struct.pack(">H", NOTHING)
    parts = (("IHDR", header), ("tRNS", transparent), ("IDAT", zlib.compress(rows.tobytes(), 9)), ("IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name.encode(), body) for name, body in parts)


def stamp_png(raw: bytes | None) -> bytes | None:
    """Return a cutout as a PNG, None where there is none or it cannot be read."""
    if not raw:
        return None
    try:
        return to_png(stretch(read_stamp(raw)))
    except ValueError:
        return None


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
