"""New noise in a stamp, so that copies of a packet weigh as much on disk as as many real packets would."""

import re

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

FITS_BLOCK_BYTES = 2880
_CARD_BYTES = 80
_GZIP, _GZIP_MAGIC = 31, b"\x1f\x8b"
_LEVEL = 2
_NOISE_PART = 0.1  # of the image's own spread: visible to a compressor, small beside the source
_POOL = 1 << 20
_UNUSUAL = 1e9


class Renoiser:
    """Adds Gaussian noise to FITS images, gzipped or plain.

    Parameters
    ----------
    seed
        The same seed and the same sequence of calls give the same bytes.
    """

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._pool: npt.NDArray[np.float32] = rng.standard_normal(_POOL, dtype=np.float32)

    def __call__(self, stamp: bytes, draw: int) -> bytes:
        """Return the stamp with the noise number `draw`; what is no 32-bit float image is returned as it is."""
        packed_before = stamp.startswith(_GZIP_MAGIC)
        plain = bytearray(isal_zlib.decompress(stamp, _GZIP) if packed_before else stamp)
        where = image_place(bytes(plain))
        if where is None:
            return stamp
        start, count = where
        pixels = np.frombuffer(plain, dtype=">f4", count=count, offset=start).astype(np.float32)
        usual = pixels[np.abs(pixels) < _UNUSUAL]  # neither NaN nor the huge fill values of some edges
        spread = float(usual.std()) if usual.size else 1.0
        begin = (draw * 7919) % (_POOL - count)
        noise = self._pool[begin : begin + count] * np.float32(_NOISE_PART * (spread or 1.0))
        with np.errstate(over="ignore"):
            plain[start : start + 4 * count] = (pixels + noise).astype(">f4").tobytes()
        if not packed_before:
            return bytes(plain)
        packer = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP)
        packed: bytes = packer.compress(bytes(plain)) + packer.flush()
        return packed


def image_place(fits: bytes) -> tuple[int, int] | None:
    """Return offset and number of pixels of a FITS file's first image, or None when it is not one of 32-bit floats."""
    end = next((at for at in range(0, len(fits), _CARD_BYTES) if fits[at : at + 8] == b"END     "), None)
    if end is None:
        return None
    header = fits[:end].decode("ascii", "replace")
    keys = {key: int(value) for key, value in re.findall(r"(BITPIX|NAXIS[12]) *= *(-?\d+)", header)}
    start = -(-(end + _CARD_BYTES) // FITS_BLOCK_BYTES) * FITS_BLOCK_BYTES
    count = keys.get("NAXIS1", 0) * keys.get("NAXIS2", 0)
    if keys.get("BITPIX") != -32 or count < 1 or start + 4 * count > len(fits):  # noqa: PLR2004 - FITS for 32-bit floats
        return None
    return start, count
