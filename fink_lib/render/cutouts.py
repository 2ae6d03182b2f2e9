"""A cutout as a small PNG: FITS in, eight-bit grey out, the same bytes every time."""

import struct
import zlib
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from fink_lib.fits_image import NoImageError, read_image

Image: TypeAlias = npt.NDArray[np.float64]

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
        pixels = read_image(raw)
    except NoImageError as error:
        why = f": {error.__cause__}" if error.__cause__ else ""
        raise ValueError(f"the stamp {error}{why}") from error
    return np.where(np.abs(pixels) < FILL, pixels, np.nan)


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
