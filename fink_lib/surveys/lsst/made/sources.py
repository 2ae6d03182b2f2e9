"""What the made sky holds: supernovae, variable stars, active galaxies, flares, asteroids; their light curves."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

AB_ZERO_POINT = 31.4
DEPTH_MAG = {"u": 23.8, "g": 24.5, "r": 24.0, "i": 23.4, "z": 22.7, "y": 22.0}  # five sigma in a visit of 30 s
RISE_DAYS, FALL_DAYS = 12.0, 25.0
HISTORY_DAYS = 365.0  # what a packet covers


class Kind(StrEnum):
    """What a made source is."""

    SUPERNOVA = "supernova"
    VARIABLE = "variable"
    ACTIVE_GALAXY = "active_galaxy"
    FLARE = "flare"
    ASTEROID = "asteroid"
    ARTEFACT = "artefact"


SHARES = {
    Kind.SUPERNOVA: 0.2, Kind.VARIABLE: 0.2, Kind.ACTIVE_GALAXY: 0.1, Kind.FLARE: 0.15, Kind.ASTEROID: 0.25,
    Kind.ARTEFACT: 0.1,
}  # fmt: skip


def njy(mag: float) -> float:
    """Return the flux of an AB magnitude."""
    return float(10.0 ** ((AB_ZERO_POINT - mag) / 2.5))


def flux_err_njy(band: str, flux_njy: float = 0.0) -> float:
    """Return the error of a flux in a visit: that of the sky, and a hundredth of the flux.

    Parameters
    ----------
    band
        One of u, g, r, i, z, y.
    flux_njy
        The flux, nJy.

    Returns
    -------
    The error, nJy.
    """
    return math.hypot(njy(DEPTH_MAG[band]) / 5.0, 0.01 * flux_njy)


@dataclass(frozen=True)
class Source:
    """One source of the made sky.

    Attributes
    ----------
    kind
        What it is.
    peak_njy
        Largest difference flux.
    template_njy
        Flux in the template; that of its galaxy where it has one.
    peak_mjd
        When it is brightest; for what repeats, when a period begins.
    period_days
        Of a variable star; the time scale of an active galaxy.
    """

    kind: Kind
    peak_njy: float
    template_njy: float
    peak_mjd: float
    period_days: float

    @classmethod
    def drawn(cls, kind: Kind, mjd: float, rng: np.random.Generator) -> "Source":
        """Draw a source of a kind that shows something at a time.

        Parameters
        ----------
        kind
            What it is.
        mjd
            Time, MJD in TAI.
        rng
            Source of what is drawn.
        """
        peak, template = njy(rng.uniform(18.5, 22.5)), 0.0
        if kind is Kind.SUPERNOVA:
            template = njy(rng.uniform(19.0, 22.0))
        elif kind in {Kind.VARIABLE, Kind.ACTIVE_GALAXY}:
            template = peak * rng.uniform(2.0, 8.0)
        ages = {Kind.SUPERNOVA: (-8.0, 40.0), Kind.FLARE: (0.0, 0.02)}
        since = rng.uniform(*ages.get(kind, (0.0, HISTORY_DAYS)))
        return cls(kind, peak, template, mjd - since, rng.uniform(0.3, 200.0))

    @property
    def has_history(self) -> bool:
        """Whether it was seen before."""
        return self.kind in {Kind.SUPERNOVA, Kind.VARIABLE, Kind.ACTIVE_GALAXY}

    def flux(self, mjd: float) -> float:
        """Return the difference flux at a time, nJy; negative where it is fainter than in the template."""
        days = mjd - self.peak_mjd
        if self.kind is Kind.SUPERNOVA:
            scale = RISE_DAYS if days < 0.0 else FALL_DAYS
            return self.peak_njy * math.exp(-0.5 * (days / scale) ** 2 if days < 0.0 else -days / scale)
        if self.kind is Kind.FLARE:
            return self.peak_njy * math.exp(-days / 0.05) if days >= 0.0 else 0.0
        if self.has_history:
            phase = 2.0 * math.pi * days / self.period_days
            return self.peak_njy * (math.cos(phase) + 0.3 * math.cos(2.7 * phase)) / 1.3
        return self.peak_njy
