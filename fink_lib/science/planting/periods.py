"""Periodic signals planted at real time stamps, with real errors: what the periodogram makes of them, by points.

The stamps are those of ZTF objects that were seen on many nights, the errors those of their points. Noise is drawn
anew from the errors. The period is drawn evenly in its logarithm, from 0.15 day to a third of the span or 50 days.
What has no period (noise, a supernova that fades, a flickering blazar) is planted too: no period of it is right.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fink_lib.files import JsonObject
from fink_lib.science.methods.periodogram import Period, period_of
from fink_lib.science.planting.shares import share

Floats = npt.NDArray[np.float64]

POINTS = (20, 40, 80)
TRIALS = 40
SHORTEST_DAYS, LONGEST_DAYS, CYCLES = 0.15, 50.0, 3.0
SURE = 0.001  # probability of a false alarm below which a period is claimed
DAY_ALIASES = (-2.0, -1.0, 1.0, 2.0)


class Stamps(NamedTuple):
    """Points of one real object: times in days, bands, errors in magnitudes."""

    time: Floats
    band: npt.NDArray[np.str_]
    error_mag: Floats


def _sine(phase: Floats, _days: Floats, _draw: np.random.Generator) -> Floats:
    return 0.2 * np.sin(2.0 * np.pi * phase)


def _pulsator(phase: Floats, _days: Floats, _draw: np.random.Generator) -> Floats:
    """Return the saw-tooth of an RR Lyrae star of type ab: 0.15 of the period up, the rest down."""
    up = phase % 1.0
    return np.where(up < 0.15, 0.4 - 0.8 * up / 0.15, -0.4 + 0.8 * (up - 0.15) / 0.85)  # noqa: PLR2004


def _eclipses(phase: Floats, _days: Floats, _draw: np.random.Generator) -> Floats:
    """Return two eclipses of a tenth of the period each, 0.6 and 0.3 mag deep."""
    turn = phase % 1.0
    first, second = np.abs(turn - 0.25) / 0.05, np.abs(turn - 0.75) / 0.05
    return 0.6 * np.clip(1.0 - first, 0.0, None) + 0.3 * np.clip(1.0 - second, 0.0, None)


def _noise(phase: Floats, _days: Floats, _draw: np.random.Generator) -> Floats:
    return np.zeros_like(phase)


def _supernova(_phase: Floats, days: Floats, draw: np.random.Generator) -> Floats:
    late = days - draw.uniform(0.1, 0.5) * np.ptp(days)
    return np.where(late < 0.0, -0.12 * late, 0.04 * late)


def _blazar(_phase: Floats, days: Floats, draw: np.random.Generator) -> Floats:
    """Return a damped random walk of 0.2 mag and 30 days."""
    order, walk = np.argsort(days), np.empty_like(days)
    value, last = draw.normal(0.0, 0.2), days[order[0]]
    for row in order:
        kept = np.exp(-(days[row] - last) / 30.0)
        value, last = value * kept + draw.normal(0.0, 0.2 * np.sqrt(1.0 - kept**2)), days[row]
        walk[row] = value
    return walk


Shape = Callable[[Floats, Floats, np.random.Generator], Floats]
PERIODIC: Mapping[str, Shape] = {"sine, 0.4 mag": _sine, "RR Lyrae, 0.8 mag": _pulsator, "eclipses, 0.6 mag": _eclipses}
OTHERS: Mapping[str, Shape] = {"noise": _noise, "supernova": _supernova, "blazar": _blazar}


def stamps_of(packets: Iterable[Mapping[str, Any]]) -> list[Stamps]:
    """Return the points of each object of ZTF packets, histories too, each once; of objects with points enough."""
    found: dict[str, dict[tuple[float, str], float]] = defaultdict(dict)
    for packet in packets:
        if packet.get("candidate"):
            for point in [packet["candidate"], *(packet["prv_candidates"] or [])]:
                if point["magpsf"] is not None:
                    found[packet["objectId"]][float(point["jd"]), str(point["fid"])] = float(point["sigmapsf"])
    enough = [points for _, points in sorted(found.items()) if len(points) >= min(POINTS)]
    return [_stamps(sorted(points.items())) for points in enough]


def _stamps(points: Sequence[tuple[tuple[float, str], float]]) -> Stamps:
    times, bands, errors = zip(*((time, band, error) for (time, band), error in points), strict=True)
    return Stamps(np.array(times), np.array(bands), np.array(errors))


def table(stamps: Sequence[Stamps], seed: int) -> list[JsonObject]:
    """Return one row for each kind of signal and number of points; none for numbers that no object has.

    Parameters
    ----------
    stamps
        Of real objects.
    seed
        Of the draws.
    """
    draw = np.random.default_rng(seed)
    return list(_rows(stamps, draw))


def _rows(stamps: Sequence[Stamps], draw: np.random.Generator) -> Iterator[JsonObject]:
    for points in POINTS:
        enough = [each for each in stamps if len(each.time) >= points]
        for name, shape in {**PERIODIC, **OTHERS}.items():
            if enough:
                tried = [_one(enough[draw.integers(len(enough))], points, shape, draw) for _ in range(TRIALS)]
                yield _row(name, points, [one for one in tried if one is not None], is_periodic=name in PERIODIC)


def _one(stamps: Stamps, points: int, shape: Shape, draw: np.random.Generator) -> tuple[Period, float] | None:
    """Return what is found of a planted signal, and its frequency; None where too few bands or days are left."""
    rows = np.sort(draw.choice(len(stamps.time), points, replace=False))
    days, error = stamps.time[rows], stamps.error_mag[rows]
    longest = min(LONGEST_DAYS, np.ptp(days) / CYCLES)
    if longest <= SHORTEST_DAYS:
        return None
    period = float(np.exp(draw.uniform(np.log(SHORTEST_DAYS), np.log(longest))))
    mag = shape(days / period + draw.random(), days, draw) + draw.normal(0.0, error)
    found = period_of(days, stamps.band[rows], mag, error)
    return None if isinstance(found, str) else (found, 1.0 / period)


def _row(name: str, points: int, tried: Sequence[tuple[Period, float]], *, is_periodic: bool) -> JsonObject:
    claimed = [(one, true) for one, true in tried if one.false_alarm_probability < SURE]
    plain = [(one, true) for one, true in claimed if not (one.is_ambiguous or one.is_day_alias)]
    row: JsonObject = {"planted": name, "points": points, "objects": len(tried)}
    row["claimed"] = share(len(claimed), len(tried))
    row["claimed_unflagged"] = share(len(plain), len(tried))
    if is_periodic:
        right = [verdict(one, true) for one, true in claimed]
        row |= {what: share(right.count(what), len(tried)) for what in ("right", "harmonic", "day_alias", "wrong")}
        kept = [verdict(one, true) for one, true in plain]
        row["unflagged_right"] = share(kept.count("right") + kept.count("harmonic"), len(kept))
    else:
        row |= dict.fromkeys(("right", "harmonic", "day_alias", "wrong", "unflagged_right"))
    return row


def verdict(found: Period, true: float) -> str:
    """Return what a found period is to the true frequency (cycles a day): right, harmonic, day_alias or wrong.

    Parameters
    ----------
    found
        The period that was found, with the span of its points.
    true
        Planted frequency, cycles a day.
    """
    frequency, width = 1.0 / found.period_days, 1.0 / found.span_days

    def is_near(other: float) -> bool:
        return abs(frequency - abs(other)) < width

    if is_near(true):
        return "right"
    if any(is_near(true * ratio) for ratio in (0.5, 2.0, 3.0)):
        return "harmonic"
    aliased = any(is_near(true * ratio + day) for ratio in (1.0, 2.0) for day in DAY_ALIASES)
    return "day_alias" if aliased else "wrong"
