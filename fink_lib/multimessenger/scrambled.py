"""What the stated probabilities are worth: events scrambled in time and place over the footprint of a night.

Every match of such an event is chance. How often there are some is counted, and set beside what was stated.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from fink_lib.multimessenger.background import Background
from fink_lib.multimessenger.matching import Search, Sources, match_one
from fink_lib.multimessenger.region import SEARCH_LEVEL, Ellipse, radius_of

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rate:
    """Chance matches of scrambled events.

    Attributes
    ----------
    at_most
        Only matches are counted of which so many as good are expected, at most, by event; infinite for all.
    found
        Matches an event.
    error
        Standard error of it, from the scatter between events.
    stated
        What was stated.
    events_found, events_stated
        Share of the events that have one or more, and what was stated of that.
    """

    at_most: float
    found: float
    error: float
    stated: float
    events_found: float
    events_stated: float


def rates(
    sources: Sources, background: Background, searches: list[Search], at_most: tuple[float, ...] = (np.inf, 0.1, 0.01)
) -> list[Rate]:
    """Count chance matches, beside what is stated of them.

    Parameters
    ----------
    sources, background
        Of a night.
    searches
        Events that have nothing to do with it.
    at_most
        Which matches are counted, see `Rate`.
    """
    found = [match_one(sources, background, one) for one in searches]
    expected = np.array([one.expected for one in found])
    made = []
    for most in at_most:
        counts = np.array([np.sum(one.as_good <= most) for one in found], dtype=np.float64)
        stated = np.minimum(expected, most)
        error = counts.std() / np.sqrt(len(counts))
        any_stated = float(-np.expm1(-stated).mean())
        made.append(Rate(most, counts.mean(), error, float(stated.mean()), float((counts > 0.0).mean()), any_stated))
    return made


def scrambled(
    places: tuple[Floats, Floats], times_s: tuple[float, float], radii_deg: tuple[float, float], count: int, seed: int
) -> list[Search]:
    """Return events at random: places of a footprint, times between two, radii even in their logarithm.

    Parameters
    ----------
    places
        Right ascensions and declinations that cover the footprint evenly, more of them than events.
    times_s
        First and last time.
    radii_deg
        Least and greatest radius of the searched regions.
    count
        How many events.
    seed
        Of the random numbers.
    """
    random = np.random.default_rng(seed)
    chosen = random.choice(len(places[0]), count, replace=len(places[0]) < count)
    times = random.uniform(*times_s, count)
    radii = np.exp(random.uniform(float(np.log(radii_deg[0])), float(np.log(radii_deg[1])), count)) / radius_of(
        SEARCH_LEVEL
    )
    return [
        Search(f"scrambled:{row}", float(time), Ellipse(float(places[0][at]), float(places[1][at]), float(radius)))
        for row, (at, time, radius) in enumerate(zip(chosen, times, radii, strict=True))
    ]
