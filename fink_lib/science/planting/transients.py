"""Transients, variables and what is none as ZTF would see them, at a random one of their alerts; all from one seed.

Shapes are those of `brightenings` and `fades`, and some more. A place is looked at every one to three nights in g and
in r, a third of the nights is lost in spells; a look is a detection where the difference to the reference is five
times its error, and an upper limit elsewhere. Brightness is drawn evenly in magnitudes: no survey's volume.
Shapes are simple ones of their kinds: no spectra, redshifts or dust.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fink_lib.science.planting import brightenings, fades
from fink_lib.science.planting.brightenings import BANDS, DAYS, Floats, Source, flux_of
from fink_lib.science.planting.lensing import DETECTED, FLOOR, LIMIT_MAG, PACKET_DAYS, lost_nights

Draw = np.random.Generator
Flags = npt.NDArray[np.bool_]

SEED_TUNING, SEED_HELD_OUT = 20210401, 20230518
FIRST_DAY, LAST_DAY = -60.0, 90.0
TRIES = 400
RISE_SHARE = 0.15  # of the period of a pulsator


@dataclass(frozen=True)
class Kind:
    """A kind of objects.

    Attributes
    ----------
    make
        Draws one; day 0 is its maximum, or any day of what has none.
    place
        What stands there: ``galaxy``, ``star`` or ``nothing``.
    wanted
        Whether a search for transients wants it; the others are contaminants.
    looks
        How often it is seen before it has moved on, where it does not stay; 0 for what stays.
    """

    make: Callable[[Draw], Source]
    place: str
    wanted: bool = False
    looks: int = 0


@dataclass(frozen=True)
class Seen:
    """One object at one of its alerts.

    Attributes
    ----------
    kind
        Key of `KINDS`.
    day, band, mag, mag_err, positive, limit
        Looks within 30 days of the alert, which is the last one: days after the maximum, place in ``gr``, difference
        magnitude and its error (NaN for an upper limit), sign, and limiting magnitude.
    behind_mag
        Magnitude in the reference image by band; NaN where it shows nothing.
    first_day, detections
        Of all detections so far, older ones included.
    """

    kind: str
    day: Floats
    band: npt.NDArray[np.int64]
    mag: Floats
    mag_err: Floats
    positive: Flags
    limit: Floats
    behind_mag: Floats
    first_day: float
    detections: int

    @property
    def age_days(self) -> float:
        """Days since the first detection."""
        return float(self.day[-1] - self.first_day)


def _supernova(kind: int) -> Callable[[Draw], Source]:
    """Return what draws supernovae of a kind, with the maximum in r at day 0."""

    def make(draw: Draw) -> Source:
        source = brightenings.supernova_of(draw, kind, faint_mag=20.0)
        latest = float(DAYS[np.argmax(source.flux(DAYS, 1))])
        return replace(source, flux=lambda day, band: source.flux(day + latest, band))

    return make


def _kilonova(draw: Draw) -> Source:
    shape = fades.kilonova(draw)

    def flux(day: Floats, band: int) -> Floats:
        return np.where(day < 0.0, 0.0, flux_of(shape(np.maximum(day, 0.4), BANDS[band])))

    return Source(flux, np.full(2, np.nan))


def _pulsator(draw: Draw) -> Source:
    """Return an RR Lyrae star: a saw tooth of 0.4 to 0.8 days, larger in g."""
    level, period, size, phase = draw.uniform(15, 19.5), draw.uniform(0.4, 0.8), draw.uniform(0.4, 1.1), draw.uniform()
    rest = level + np.array([0.2, 0.0])

    def flux(day: Floats, band: int) -> Floats:
        turn = (day / period + phase) % 1.0
        tooth = np.where(turn < RISE_SHARE, 1.0 - turn / RISE_SHARE, (turn - RISE_SHARE) / (1.0 - RISE_SHARE))
        return flux_of(rest[band] + size * (1.3 if band == 0 else 1.0) * (tooth - 0.5))

    return Source(flux, flux_of(rest))


def _eclipsing(draw: Draw) -> Source:
    """Return an eclipsing binary: two dips of a tenth of its period, no colour."""
    level, period, depth = draw.uniform(14, 19), np.exp(draw.uniform(np.log(0.3), np.log(8.0))), draw.uniform(0.2, 1.2)
    second, phase = draw.uniform(0.1, 1.0), draw.uniform()
    rest = level + np.array([0.6, 0.0])

    def flux(day: Floats, band: int) -> Floats:
        turn = (day / period + phase) % 1.0
        dips = np.exp(-0.5 * ((turn - 0.5) / 0.04) ** 2) + second * np.exp(
            -0.5 * (np.minimum(turn, 1 - turn) / 0.04) ** 2
        )
        return flux_of(rest[band] + depth * dips)

    return Source(flux, flux_of(rest))


def _still(draw: Draw) -> Source:
    """Return what is as bright whenever it is seen: an asteroid that passes, or an artefact."""
    mag = draw.uniform(16.5, 20.5) + np.array([draw.uniform(0.3, 0.8), 0.0])
    return Source(lambda day, band: np.full(len(day), flux_of(mag[band])), np.full(2, np.nan))


KINDS: Mapping[str, Kind] = {
    "SN Ia": Kind(_supernova(0), "galaxy", wanted=True),
    "SN Ib/c": Kind(_supernova(1), "galaxy", wanted=True),
    "SN II": Kind(_supernova(2), "galaxy", wanted=True),
    "kilonova": Kind(_kilonova, "galaxy", wanted=True),
    "microlensing": Kind(brightenings.event, "star", wanted=True),
    "dwarf nova": Kind(brightenings.dwarf_nova, "star", wanted=True),
    "nova": Kind(brightenings.nova, "star", wanted=True),
    "blazar": Kind(brightenings.blazar, "galaxy"),
    "young star": Kind(brightenings.young_star, "star"),
    "red giant": Kind(brightenings.red_giant, "star"),
    "RR Lyrae": Kind(_pulsator, "star"),
    "eclipsing binary": Kind(_eclipsing, "star"),
    "asteroid": Kind(_still, "nothing", looks=2),
    "artefact": Kind(_still, "nothing", looks=1),
}


def plant_transients(count: int, seed: int, kinds: Mapping[str, Kind] = KINDS) -> list[Seen]:
    """Return so many objects of each kind, each at a random one of its alerts.

    Parameters
    ----------
    count
        Objects of each kind.
    seed
        `SEED_TUNING` while something is made, `SEED_HELD_OUT` to report. Each kind has a stream of its own.
    kinds
        Which.
    """
    found = list[Seen]()
    for number, name in enumerate(KINDS):
        draw = np.random.default_rng((seed, number))
        if name not in kinds:
            continue
        mine = list[Seen]()
        for _ in range(TRIES * count):
            seen = _at_an_alert(name, draw)
            if seen is not None:
                mine.append(seen)
            if len(mine) == count:
                break
        found += mine
    return found


def _at_an_alert(name: str, draw: Draw) -> Seen | None:
    """Return an object at a random one of its detections; None for one that is never detected."""
    kind = KINDS[name]
    source = kind.make(draw)
    looks = _looks(source, draw)
    day, mag = looks[0], looks[2]
    if kind.looks:
        _moves_on(looks, kind.looks, draw)
    places = np.flatnonzero(np.isfinite(mag))
    if not len(places):
        return None
    at = int(draw.choice(places))
    near = slice(int(np.searchsorted(day, day[at] - PACKET_DAYS)), at + 1)
    with np.errstate(invalid="ignore"):
        behind = brightenings.ZERO_POINT_MAG - 2.5 * np.log10(source.behind)
    return Seen(
        kind=name,
        day=day[near],
        band=looks[1, near].astype(np.int64),
        mag=mag[near],
        mag_err=looks[3, near],
        positive=looks[4, near] > 0.0,
        limit=looks[5, near],
        behind_mag=behind,
        first_day=float(day[places[0]]),
        detections=int(np.searchsorted(places, at)) + 1,
    )


def _looks(source: Source, draw: Draw) -> Floats:
    """Return all looks as rows: day, band, magnitude, error, sign, limit; in time order."""
    pace = float(draw.choice([1.0, 2.0, 3.0], p=[0.4, 0.4, 0.2]))
    nights = np.arange(FIRST_DAY + draw.uniform(0.0, pace), LAST_DAY, pace)
    nights = nights[~lost_nights(nights, draw)]
    depth = LIMIT_MAG + draw.normal(0.0, 0.3, len(nights))
    hour, excess, rows = draw.uniform(0.1, 0.4), draw.uniform(1.0, 1.25), []
    for band in range(len(BANDS)):
        days = nights + hour + 0.05 * band + draw.uniform(-0.02, 0.02, len(nights))
        total, behind = source.flux(days, band), np.nan_to_num(source.behind[band])
        error = np.hypot(flux_of(depth) / DETECTED, FLOOR * total)
        difference = total - behind + draw.normal(0.0, 1.0, len(days)) * error * excess
        size = np.where(np.abs(difference) > DETECTED * error, np.abs(difference), np.nan)
        mag = brightenings.ZERO_POINT_MAG - 2.5 * np.log10(size)
        rows.append(np.vstack([days, np.full(len(days), band), mag, 1.0857 * error / size, difference > 0.0, depth]))
    whole = np.concatenate(rows, axis=1)
    return whole[:, np.argsort(whole[0], kind="stable")]


def _moves_on(looks: Floats, most: int, draw: Draw) -> None:
    """Leave the detections of one visit only, at most so many."""
    places = np.flatnonzero(np.isfinite(looks[2]))
    if len(places):
        first = int(draw.choice(places))
        kept = [place for place in places[places >= first] if looks[0, place] - looks[0, first] < 0.5][:most]  # noqa: PLR2004
        gone = np.setdiff1d(places, kept)
        looks[2:4, gone] = np.nan
