"""Stamps of made sources: FITS images of Gaussian stars on sky noise, in nJy, as large as Rubin's."""

import math

import numpy as np
import numpy.typing as npt

PIXEL_ARCSEC = 0.2
FWHM_ARCSEC = 0.8
_SIGMA_PX = FWHM_ARCSEC / PIXEL_ARCSEC / 2.3548  # a Gaussian's full width at half maximum in its standard deviations
_BLOCK, _CARD = 2880, 80
Image = npt.NDArray[np.float64]


def pixel_noise(flux_err_njy: float) -> float:
    """Return the noise of a pixel that makes the error of a flux fitted to a Gaussian star, nJy."""
    return flux_err_njy / math.sqrt(4.0 * math.pi) / _SIGMA_PX


def image(size: int, flux_njy: float, noise_njy: float, rng: np.random.Generator, host_njy: float = 0.0) -> Image:
    """Return a square image with a star at its centre, on a galaxy where `host_njy` is not 0.

    Parameters
    ----------
    size
        Pixels a side.
    flux_njy, host_njy
        Flux of the star, and of the galaxy, which is four times as wide and 3 pixels beside.
    noise_njy
        Standard deviation of a pixel.
    rng
        Source of the noise.
    """
    rows, columns = np.indices((size, size)) - (size - 1) / 2.0
    star = _gaussian(rows, columns, _SIGMA_PX) * flux_njy
    galaxy = _gaussian(rows - 3.0, columns, 4.0 * _SIGMA_PX) * host_njy
    return star + galaxy + rng.normal(0.0, noise_njy, (size, size))


def _gaussian(rows: Image, columns: Image, sigma: float) -> Image:
    shape: Image = np.exp(-(rows**2 + columns**2) / (2.0 * sigma**2)) / (2.0 * math.pi * sigma**2)
    return shape


def fits(pixels: Image, ra_deg: float, dec_deg: float) -> bytes:
    """Return an image as the bytes of a FITS file of 32-bit floats with a tangential projection.

    Parameters
    ----------
    pixels
        A square image in nJy, shape (size, size).
    ra_deg, dec_deg
        Place of its centre, deg.
    """
    size = pixels.shape[0]
    degrees = PIXEL_ARCSEC / 3600.0
    cards = [
        ("SIMPLE", "T"), ("BITPIX", "-32"), ("NAXIS", "2"), ("NAXIS1", str(size)), ("NAXIS2", str(size)),
        ("BUNIT", "'nJy'"), ("WCSAXES", "2"),
        ("CRPIX1", repr((size + 1) / 2)), ("CRPIX2", repr((size + 1) / 2)),
        ("CDELT1", repr(-degrees)), ("CDELT2", repr(degrees)), ("CUNIT1", "'deg'"), ("CUNIT2", "'deg'"),
        ("CTYPE1", "'RA---TAN'"), ("CTYPE2", "'DEC--TAN'"), ("CRVAL1", repr(ra_deg)), ("CRVAL2", repr(dec_deg)),
    ]  # fmt: skip
    text = "".join(_card(name, value) for name, value in cards) + "END".ljust(_CARD)
    header = text.ljust(math.ceil(len(text) / _BLOCK) * _BLOCK).encode()
    data = pixels.astype(">f4").tobytes()
    return header + data.ljust(math.ceil(len(data) / _BLOCK) * _BLOCK, b"\0")


def _card(name: str, value: str) -> str:
    """Return a line of a header: texts begin at a fixed column and have eight characters, numbers end at one."""
    text = f"'{value[1:-1]:<8}'" if value.startswith("'") else f"{value.upper():>20}"
    return f"{name:<8}= {text}".ljust(_CARD)
