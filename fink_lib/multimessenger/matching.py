"""Alerts of a night beside events: in the region, first seen after the trigger, with how likely that is by chance.

Pure functions over arrays: they know neither tables nor surveys.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from fink_lib.multimessenger.background import Background
from fink_lib.multimessenger.chance import as_good, at_least_one, of_the_night
from fink_lib.multimessenger.region import CredibleRegion, Region

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]

METHOD = "1"  # raised whenever a probability can change
WINDOW_S = 7 * 86_400.0  # a counterpart is first seen within so long after the trigger


@dataclass(frozen=True)
class Sources:
    """New sources of a night, one row an object.

    Attributes
    ----------
    ra_deg, dec_deg
        Position.
    first_s
        When it was first seen, in seconds since 1970 (UTC).
    host_mpc
        Distance of its host, NaN where none is known.
    """

    ra_deg: Floats
    dec_deg: Floats
    first_s: Floats
    host_mpc: Floats

    def within(self, least_dec_deg: float, greatest_dec_deg: float) -> Ints:
        """Return the rows of those between two declinations.

        Parameters
        ----------
        least_dec_deg, greatest_dec_deg
            In degrees; both ends belong to the band.

        Returns
        -------
        Numbers of the rows, ascending.
        """
        order, declinations = self._by_declination
        first = np.searchsorted(declinations, least_dec_deg, side="left")
        return np.sort(order[first : np.searchsorted(declinations, greatest_dec_deg, side="right")])

    @cached_property
    def _by_declination(self) -> tuple[Ints, Floats]:
        order = np.argsort(self.dec_deg, kind="stable")
        return order, self.dec_deg[order]


@dataclass(frozen=True)
class Search:
    """An event that is searched for.

    Attributes
    ----------
    event_id
        Its name.
    trigger_s
        When it happened, in seconds since 1970 (UTC).
    region
        Where.
    counted
        False for an event that was retracted: its matches are found, so that they can be taken back, and it is no
        trial of the night.
    """

    event_id: str
    trigger_s: float
    region: Region
    counted: bool = True


@dataclass(frozen=True)
class Matches:
    """The matches of one event.

    Attributes
    ----------
    search
        The event.
    sources_after
        New sources of the night that were first seen after the trigger, within the window.
    expected
        Chance matches expected.
    rows
        Rows of the sources that match, the least likely by chance first.
    rank
        Probability of the smallest part of the region that holds each.
    as_good
        Chance matches expected to be as good as each.
    chance
        Probability of a chance match as good, for this event alone.
    chance_night
        The same for any event of the night.
    nearer
        Of a map with distances, share of the probability in front of the host, NaN where one is not known.
    """

    search: Search
    sources_after: int
    expected: float
    rows: Ints
    rank: Floats
    as_good: Floats
    chance: Floats
    chance_night: Floats
    nearer: Floats


def match(sources: Sources, background: Background, searches: Sequence[Search]) -> list[Matches]:
    """Match the new sources of a night with events.

    Parameters
    ----------
    sources
        New sources, in any order.
    background
        Of the same night; the sources are those that it was measured from.
    searches
        Events that happened before the end of the night, and within the window before its first source.
    """
    found = [match_one(sources, background, one) for one in searches]
    trials = np.array([one.expected for one in found if one.search.counted])
    return [_with_trials(one, trials) for one in found]


def match_one(sources: Sources, background: Background, search: Search) -> Matches:
    """Match the new sources of a night with one event, as if it were the only one.

    Parameters
    ----------
    sources
        New sources, in any order.
    background
        Of the same night, measured from these sources.
    search
        The event.

    Returns
    -------
    The matches, with a `chance_night` that is the chance for this event alone.
    """
    count = int(background.between(search.trigger_s, np.array([search.trigger_s + WINDOW_S]))[0])
    rows = sources.within(*search.region.declinations_deg)
    first_s = sources.first_s[rows]
    rows = rows[(first_s > search.trigger_s) & (first_s <= search.trigger_s + WINDOW_S)]
    rank = search.region.ranks(sources.ra_deg[rows], sources.dec_deg[rows])
    rows, rank = rows[np.isfinite(rank)], rank[np.isfinite(rank)]
    ra_deg, dec_deg = sources.ra_deg[rows], sources.dec_deg[rows]
    share, shares = search.region.shares(background, ra_deg, dec_deg)
    earlier = background.between(search.trigger_s, sources.first_s[rows])
    with np.errstate(invalid="ignore", divide="ignore"):
        sky = np.where(share > 0.0, shares / share, 1.0)
    good = as_good(count * share, count, earlier, sky)
    order = np.lexsort((rows, good))
    nearer = _nearer(search.region, sources, rows)
    chance = at_least_one(good)
    return Matches(
        search, count, count * share, rows[order], rank[order], good[order], chance[order], chance[order], nearer[order]
    )


def _with_trials(one: Matches, trials: Floats) -> Matches:
    night = of_the_night(one.chance, trials if one.search.counted else np.append(trials, one.expected))
    return Matches(
        one.search, one.sources_after, one.expected, one.rows, one.rank, one.as_good, one.chance, night, one.nearer
    )


def _nearer(region: Region, sources: Sources, rows: Ints) -> Floats:
    """Return where the hosts lie along their lines of sight, for a map that tells distances."""
    found = np.full(len(rows), np.nan)
    if not isinstance(region, CredibleRegion):
        return found
    pixels = region.skymap.pixels_at(sources.ra_deg[rows], sources.dec_deg[rows])
    for place in np.flatnonzero(np.isfinite(sources.host_mpc[rows])):
        share = region.skymap.share_nearer(int(pixels[place]), float(sources.host_mpc[rows[place]]))
        found[place] = np.nan if share is None else share
    return found
