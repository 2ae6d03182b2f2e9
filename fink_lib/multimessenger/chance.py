"""How likely a match is that means nothing; docs/multimessenger.md derives it.

An event that has nothing to do with the alerts falls anywhere. Of the n sources that are new after its trigger, n s are
then expected within its region, where s is the share of the background there: this is ``expected``. Each of them is the
better the sooner it came and the higher its place ranks. With k its place in the order of time, 1 to n, and y the
background ranking as high, as a share of that of the region, uniform in (0, 1], a chance match has k y <= w with
probability (1/n) sum over k of min(1, w/k) = (m + w (H(n) - H(m))) / n, where m is the whole part of w, and H(n) is
1 + 1/2 + ... + 1/n. (For many sources this is v (1 - ln v), v = w/n: that of the product of two uniform numbers.)
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]


def as_good(expected: float, sources: int, place_in_time: Ints, sky_share: Floats) -> Floats:
    """Return how many chance matches of an event are expected to be as good as each match.

    Parameters
    ----------
    expected
        Chance matches of the event, good or bad.
    sources
        n, new sources after its trigger.
    place_in_time, sky_share
        k and y of each match.
    """
    product = np.minimum(place_in_time * sky_share, sources)
    whole = np.floor(product)
    return np.asarray(expected * (whole + product * (harmonic(sources) - harmonic(whole))) / max(sources, 1))


def harmonic(count: Floats | float) -> Floats:
    """Return 1 + 1/2 + ... + 1/n, for each n."""
    from scipy.special import digamma  # noqa: PLC0415 - a third of a second, which nights without events do not pay

    return np.asarray(digamma(np.asarray(count) + 1.0) + np.euler_gamma)


def at_least_one(count: Floats) -> Floats:
    """Return the probability of one or more where so many are expected (Poisson)."""
    return np.asarray(-np.expm1(-count))


def of_the_night(chance: Floats, expected: Floats) -> Floats:
    """Return the probability that any event of the night has, by chance, a match as good as each.

    Parameters
    ----------
    chance
        Probability of each match for its own event alone.
    expected
        Chance matches of each event that was searched, good or bad: an event cannot do worse than to have one.
    """
    any_match = at_least_one(expected)
    none = np.zeros(len(chance))
    for most in any_match:
        none += np.log1p(-np.minimum(np.minimum(chance, most), 1.0 - np.finfo(np.float64).epsneg))
    return np.abs(np.expm1(none))  # not -0
