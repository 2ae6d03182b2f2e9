"""Stamps of Rubin with planted transients and hosts; every number from one seed.

Noise, scale and seeing are those of real alerts of 2026: 30x30 pixels of 0.2 arcsec, 38 nJy of noise a pixel in a
visit and 10 nJy in the template, whose pixels are correlated by a quarter, seeing of 0.8 to 1.2 arcsec.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from astropy.io import fits
from scipy.ndimage import gaussian_filter

Floats = npt.NDArray[np.float64]
Draw = np.random.Generator

SEED_TUNING, SEED_HELD_OUT = 20240418, 20230518
SIZE_PX, SCALE_ARCSEC = 30, 0.2
SCIENCE_NOISE_NJY, TEMPLATE_NOISE_NJY = 38.0, 10.0
CORRELATION_PX = 0.42  # width of the smoothing that ties neighbours by a quarter
SEEING_ARCSEC = (0.8, 1.2)
FWHM_OVER_SIGMA = 2.3548
ZERO_NJY_MAG = 31.4
# Kind → (a host's magnitude and its distance in arcsec; nan: none), drawn evenly from these ranges.
HOSTS: Mapping[str, tuple[tuple[float, float], tuple[float, float]] | None] = {
    "no host": None,
    "host of 21-23 mag": ((21.0, 23.0), (0.0, 1.5)),
    "host of 23-24.5 mag": ((23.0, 24.5), (0.0, 1.5)),
    "host of 24.5-26 mag": ((24.5, 26.0), (0.0, 1.5)),
    "galaxy 2-3 arcsec away": ((20.0, 23.0), (2.0, 2.9)),
    "only an artefact": None,
}
ARTEFACT = "only an artefact"


@dataclass(frozen=True)
class PlantedStamps:
    """Made pairs of stamps and their truth.

    Attributes
    ----------
    science, template
        FITS files.
    kind
        What was planted, a key of `HOSTS`.
    mag
        Of the transient.
    flux_njy, template_flux_njy
        What the survey would measure of the transient, and in the template at its place.
    """

    science: npt.NDArray[np.object_]
    template: npt.NDArray[np.object_]
    kind: npt.NDArray[np.object_]
    mag: Floats
    flux_njy: Floats
    template_flux_njy: Floats


def plant_stamps(count: int, seed: int) -> PlantedStamps:
    """Return so many pairs of each kind, with transients of 19 to 24 mag.

    Parameters
    ----------
    count
        Pairs of each kind.
    seed
        `SEED_TUNING` while the module is made, `SEED_HELD_OUT` to report.
    """
    draw = np.random.default_rng(seed)
    rows = [(kind, *_pair(kind, draw)) for kind in HOSTS for _ in range(count)]
    kind, science, template, mag, flux, behind = zip(*rows, strict=True)
    return PlantedStamps(
        science=np.array(science, dtype=object),
        template=np.array(template, dtype=object),
        kind=np.array(kind, dtype=object),
        mag=np.array(mag),
        flux_njy=np.array(flux),
        template_flux_njy=np.array(behind),
    )


def _pair(kind: str, draw: Draw) -> tuple[bytes, bytes, float, float, float]:
    """Return the two stamps, magnitude and flux of the transient, and the template's flux at its place."""
    sigma = draw.uniform(*SEEING_ARCSEC) / FWHM_OVER_SIGMA / SCALE_ARCSEC
    mag = draw.uniform(19.0, 24.0)
    flux = 10.0 ** (-0.4 * (mag - ZERO_NJY_MAG))
    middle = (SIZE_PX - 1) / 2.0 + draw.uniform(-0.5, 0.5, 2)
    behind = np.zeros((SIZE_PX, SIZE_PX))
    host = HOSTS[kind]
    if host is not None:
        (bright, faint), (near, far) = host
        angle, distance = draw.uniform(0.0, 2.0 * np.pi), draw.uniform(near, far) / SCALE_ARCSEC
        place = middle + distance * np.array([np.sin(angle), np.cos(angle)])
        width = np.hypot(sigma, draw.uniform(0.2, 0.8) / SCALE_ARCSEC)
        behind = spot(place, width) * 10.0 ** (-0.4 * (draw.uniform(bright, faint) - ZERO_NJY_MAG))
    science = behind + draw.normal(0.0, SCIENCE_NOISE_NJY, behind.shape)
    science += _artefact(draw, flux) if kind == ARTEFACT else flux * spot(middle, sigma)
    noise = gaussian_filter(draw.normal(size=behind.shape), CORRELATION_PX)
    template = behind + noise / noise.std() * TEMPLATE_NOISE_NJY
    weight = spot(middle, sigma)
    measured = float((template * weight).sum() / (weight * weight).sum())
    return _fits(science), _fits(template), mag, flux, measured


def spot(place: Floats, sigma_px: float) -> Floats:
    """Return a round Gaussian of unit flux.

    Parameters
    ----------
    place
        Row and column of the middle, pixels; it need not be whole.
    sigma_px
        Standard deviation.
    """
    rows, columns = np.mgrid[:SIZE_PX, :SIZE_PX]
    shape = np.exp(-0.5 * ((rows - place[0]) ** 2 + (columns - place[1]) ** 2) / sigma_px**2)
    return np.asarray(shape / (2.0 * np.pi * sigma_px**2))


def _artefact(draw: Draw, flux: float) -> Floats:
    """Return a cosmic ray through the middle (sharper than the seeing), or a positive and a negative spot."""
    if draw.random() < 0.5:  # noqa: PLR2004
        steps = np.linspace(-4.0, 4.0, 9)
        angle = draw.uniform(0.0, np.pi)
        track = np.zeros((SIZE_PX, SIZE_PX))
        at = (SIZE_PX / 2.0 + np.outer([np.sin(angle), np.cos(angle)], steps)).astype(int)
        track[at[0], at[1]] = flux / len(steps)
        return track
    middle = np.full(2, (SIZE_PX - 1) / 2.0)
    return flux * (spot(middle + 1.0, 2.0) - spot(middle - 1.0, 2.0))


def _fits(image: Floats) -> bytes:
    buffer = io.BytesIO()
    fits.PrimaryHDU(image.astype(np.float32)).writeto(buffer)
    return buffer.getvalue()
