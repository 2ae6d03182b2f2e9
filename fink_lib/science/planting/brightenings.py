"""Shapes of what brightens for weeks: microlensing events, and what may be taken for one near the Galactic plane.

A shape gives the flux in g and r by time, of the source itself and of what stands behind it in the reference image.
Numbers are of the kinds' textbook ranges: type Ia supernovae rise for 17 days and fade faster in g; dwarf novae rise
in a day, stay and fall; novae fade by two magnitudes in 5 to 80 days; young stars and blazars vary at random, the
first redder when fainter, and flare; red giants are periodic, with a larger amplitude in g.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Draw = np.random.Generator

EVENT = "microlensing"
ZERO_POINT_MAG = 23.9  # fluxes in microjansky
DAYS = np.arange(-150.0, 150.0, 0.5)  # grid of random variations
BANDS = ("g", "r")


@dataclass(frozen=True)
class Source:
    """A source of light that varies.

    Attributes
    ----------
    flux
        From days and the number of a band (g 0, r 1) to the flux of the variable, microjansky.
    behind
        Flux that the reference image shows at its place in each band; NaN where it shows no source.
    einstein_days, impact
        Of an event; NaN for all others.
    """

    flux: Callable[[Floats, int], Floats]
    behind: Floats
    einstein_days: float = float("nan")
    impact: float = float("nan")


def flux_of(mag: Floats | float) -> Floats:
    """Return microjansky for an AB magnitude."""
    return np.asarray(10.0 ** (-0.4 * (np.asarray(mag) - ZERO_POINT_MAG)))


def event(draw: Draw) -> Source:
    """Return a star of 16 to 20 mag, alone or blended with another, lensed at day 0: tE 5-80 d, u0 up to 0.5."""
    einstein, impact = float(np.exp(draw.uniform(np.log(5.0), np.log(80.0)))), float(draw.uniform(0.01, 0.5))
    whole = flux_of(draw.uniform(16.0, 20.0) + np.array([draw.uniform(0.3, 1.5), 0.0]))
    share = np.array([1.0, 1.0]) if draw.random() < 0.5 else draw.uniform(0.3, 1.0) * np.array([1.0, 1.0])  # noqa: PLR2004

    def flux(day: Floats, band: int) -> Floats:
        u2 = impact**2 + (day / einstein) ** 2
        magnification = (u2 + 2.0) / np.sqrt(u2 * (u2 + 4.0))
        return np.asarray(whole[band] * (1.0 + share[band] * (magnification - 1.0)))

    return Source(flux, whole, einstein, impact)


def supernova(draw: Draw) -> Source:
    """Return a supernova of type Ia, Ib/c or II: a rise and a fall of their own in each band; half on a source."""
    return supernova_of(draw, int(draw.choice(3, p=(0.6, 0.15, 0.25))))


def supernova_of(draw: Draw, kind: int, faint_mag: float = 19.0) -> Source:
    """Return a supernova of a kind, whose maximum is some days after day 0.

    Parameters
    ----------
    draw
        Random numbers.
    kind
        0 for type Ia, 1 for Ib/c, 2 for II.
    faint_mag
        Of the faintest maximum.
    """
    rise, fall = (
        (np.array([3.5, 4.0]), np.array([16.0, 26.0])),
        (np.array([3.5, 4.5]), np.array([14.0, 22.0])),
        (np.array([2.0, 2.5]), np.array([35.0, 100.0])),
    )[kind]
    stretch = draw.uniform(0.8, 1.3) * draw.uniform(1.0, 1.1)
    start, delay = -draw.uniform(0.0, 2.0), np.array([0.0, draw.uniform(1.0, 3.0)])
    peak = flux_of(draw.uniform(16.5, faint_mag) + np.array([draw.uniform(0.0, 0.8), 0.0]))

    def flux(day: Floats, band: int) -> Floats:
        since = np.clip((day - start - delay[band]) / stretch, -60.0, 300.0)
        shape = np.exp(-since / fall[band]) / (1.0 + np.exp(-since / rise[band]))
        grid = np.linspace(-30.0, 60.0, 200)
        return np.asarray(peak[band] * shape / (np.exp(-grid / fall[band]) / (1.0 + np.exp(-grid / rise[band]))).max())

    return Source(flux, _chance(draw, 17.0, 21.0))


def dwarf_nova(draw: Draw) -> Source:
    """Return an outburst of 2 to 6 mag: hours to days up, days to weeks of plateau, days down; bluer at maximum."""
    faint, amplitude = draw.uniform(18.5, 21.5), draw.uniform(2.0, 6.0)
    up, stay, slope, down = (
        draw.uniform(0.3, 2.0),
        draw.uniform(2.0, 18.0),
        draw.uniform(0.02, 0.15),
        draw.uniform(1, 4),
    )
    start, colour = -draw.uniform(0.0, stay), draw.uniform(0.3, 0.8)

    def flux(day: Floats, band: int) -> Floats:
        since = day - start
        bright = np.where(since < 0.0, since / up * amplitude, -slope * np.clip(since, 0.0, stay))
        bright = bright - np.maximum(since - stay, 0.0) / down * 0.8
        rise = np.clip(amplitude + bright, 0.0, amplitude)
        return flux_of(faint - rise + (colour * (1.0 - rise / amplitude) if band == 0 else 0.0))

    rest = faint + np.array([colour, 0.0])
    return Source(flux, np.where(rest < 21.5, flux_of(rest), np.nan))  # noqa: PLR2004 - depth of references


def nova(draw: Draw) -> Source:
    """Return a nova: up within days, down by two magnitudes in 5 to 80 days, some with jitters; redder as it fades."""
    peak, up, two = draw.uniform(12.5, 17.0), draw.uniform(1.0, 4.0), float(np.exp(draw.uniform(*np.log([5.0, 80.0]))))
    jitter, cycle, phase = draw.choice([0.0, 0.3]), draw.uniform(4.0, 15.0), draw.uniform(0.0, 6.3)
    start, redden = -draw.uniform(0.0, 0.3 * two), draw.uniform(0.05, 0.2)

    def flux(day: Floats, band: int) -> Floats:
        since = day - start
        fade = np.where(since < 0.0, -since / up * 2.0, 2.0 * np.maximum(since, 0.0) / two)
        wave = jitter * np.sin(2.0 * np.pi * since / cycle + phase) * (since > 0.0)
        return flux_of(peak + np.minimum(fade, 9.0) + wave + (0.3 + redden * np.maximum(fade, 0.0)) * (band == 0))

    return Source(flux, _chance(draw, 18.0, 21.5))


def young_star(draw: Draw) -> Source:
    """Return a young star: a random walk of magnitudes, for half of them a burst of weeks on top, or dips."""
    level, size, scale = draw.uniform(14.0, 18.5), draw.uniform(0.1, 0.5), draw.uniform(3.0, 40.0)
    walk = random_walk(draw, size, scale)
    if draw.random() < 0.5:  # noqa: PLR2004
        middle, up, down = draw.uniform(-5.0, 5.0), draw.uniform(4.0, 30.0), draw.uniform(8.0, 60.0)
        walk = walk - draw.uniform(0.5, 3.0) * np.exp(-np.abs(DAYS - middle) / np.where(middle > DAYS, up, down))
    colour, redder = draw.uniform(1.0, 2.0), draw.uniform(1.1, 1.4)
    rest = level + np.array([colour, 0.0])
    return Source(
        lambda day, band: flux_of(rest[band] + np.interp(day, DAYS, walk) * (redder if band == 0 else 1.0)),
        flux_of(rest + draw.uniform(0.0, 0.3)),
    )


def blazar(draw: Draw) -> Source:
    """Return a blazar: a random walk and a flare of rise and decay drawn alone, equal in a third; hardly a colour."""
    level, size, scale = draw.uniform(16.0, 19.5), draw.uniform(0.1, 0.5), draw.uniform(5.0, 80.0)
    up, down = np.exp(draw.uniform(np.log(2.0), np.log(25.0), 2))
    down = up if draw.random() < 1.0 / 3.0 else down
    middle, height = draw.uniform(-5.0, 5.0), draw.uniform(0.0, 3.0)
    flare = height * 2.0 / (np.exp(-(DAYS - middle) / up) + np.exp((DAYS - middle) / down))
    walk = random_walk(draw, size, scale)
    bluer = draw.uniform(1.0, 1.15)
    rest = level + np.array([0.5, 0.0])

    def flux(day: Floats, band: int) -> Floats:
        change = np.interp(day, DAYS, walk - 2.5 * np.log10(1.0 + flare))
        return flux_of(rest[band] + change * (bluer if band == 0 else 1.0))

    return Source(flux, flux_of(rest))


def red_giant(draw: Draw) -> Source:
    """Return a long-period variable: 60 to 400 days, larger in g, one harmonic."""
    level, period, size = draw.uniform(14.0, 18.0), draw.uniform(60.0, 400.0), draw.uniform(0.3, 2.0)
    phase, second = draw.uniform(0.0, 6.3, 2), draw.uniform(0.0, 0.3)
    rest = level + np.array([draw.uniform(1.5, 3.0), 0.0])
    growth = draw.uniform(1.1, 1.5)

    def flux(day: Floats, band: int) -> Floats:
        turn = 2.0 * np.pi * day / period
        wave = np.cos(turn + phase[0]) + second * np.cos(2.0 * turn + phase[1])
        return flux_of(rest[band] - size * wave * (growth if band == 0 else 1.0))

    return Source(flux, flux_of(rest))


def random_walk(draw: Draw, size_mag: float, scale_days: float) -> Floats:
    """Return a damped random walk on `DAYS`: of this standard deviation and time scale.

    Parameters
    ----------
    draw
        Source of the kicks.
    size_mag
        Standard deviation.
    scale_days
        Time in which the walk forgets where it was.
    """
    keep = np.exp(-(DAYS[1] - DAYS[0]) / scale_days)
    kicks = draw.normal(0.0, size_mag * np.sqrt(1.0 - keep**2), len(DAYS))
    kicks[0] = draw.normal(0.0, size_mag)
    walk = np.empty(len(DAYS))
    last = 0.0
    for place, kick in enumerate(kicks.tolist()):
        last = keep * last + kick
        walk[place] = last
    return walk


def _chance(draw: Draw, bright: float, faint: float) -> Floats:
    """Return a host or a star by chance in the reference image, for half of the places; NaN for the others."""
    mag = draw.uniform(bright, faint) + np.array([draw.uniform(0.3, 1.5), 0.0])
    return flux_of(mag) if draw.random() < 0.5 else np.full(2, np.nan)  # noqa: PLR2004


KINDS: Mapping[str, Callable[[Draw], Source]] = {
    EVENT: event,
    "supernova": supernova,
    "dwarf nova": dwarf_nova,
    "nova": nova,
    "young star": young_star,
    "blazar": blazar,
    "red giant": red_giant,
}
