"""All that is watched, ready for batch after batch: what each costs depends on its alerts, not on the lists.

The places of all lists stand in a few trees of their one for each range of radii: an alert is asked for
around the largest radius of a tree, and what lies beyond that of its own place is left out.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from fink_lib.community.watch import Floats, Places, Region, chord_of, within
from fink_lib.sky import ARCSEC_PER_RAD, angle_between, unit_vectors

RADII_ARCSEC = (5.0, 60.0, 3_600.0)  # upper ends of the ranges


class WatchIndex:
    """Lists and maps.

    Parameters
    ----------
    watched
        They, in an order of which `matches` gives the numbers.
    """

    def __init__(self, watched: Sequence[Places | Region]) -> None:
        self._regions = [(number, one) for number, one in enumerate(watched) if isinstance(one, Region)]
        places = [(number, one) for number, one in enumerate(watched) if isinstance(one, Places)]
        self._labels = {number: one.labels for number, one in places}
        owners = [np.full(len(one.ra_deg), number) for number, one in places]
        self._owner = np.concatenate([*owners, np.empty(0, np.int64)]).astype(np.int64)
        self._entry = np.concatenate([*(np.arange(len(one.ra_deg)) for _, one in places), np.empty(0, np.int64)])
        self._radius = np.concatenate([*(one.radius_arcsec for _, one in places), np.empty(0)])
        ra = np.concatenate([*(one.ra_deg for _, one in places), np.empty(0)])
        dec = np.concatenate([*(one.dec_deg for _, one in places), np.empty(0)])
        self._places = unit_vectors(ra, dec)
        classes = np.searchsorted(RADII_ARCSEC, self._radius)
        self._trees = [(cKDTree(self._places[mine]), mine) for number in range(len(RADII_ARCSEC))
                       if len(mine := np.flatnonzero(classes == number))]  # fmt: skip

    def matches(self, ra_deg: Floats, dec_deg: Floats) -> Iterator[dict[str, Any]]:
        """Yield what is watched of some positions.

        Each has ``watch`` and ``at``, the numbers of list and position, ``entry``, the label of the place, and
        ``separation_arcsec``, None for a map.

        Parameters
        ----------
        ra_deg, dec_deg
            Positions, one an alert; what is not finite matches nothing.
        """
        for number, region in self._regions:
            for hit in np.flatnonzero(within(region, ra_deg, dec_deg)):
                yield {"watch": number, "at": int(hit), "entry": "", "separation_arcsec": None}
        rows = np.flatnonzero(np.isfinite(ra_deg) & np.isfinite(dec_deg))
        alerts = unit_vectors(ra_deg[rows], dec_deg[rows])
        for tree, mine in self._trees:
            for row, hits in enumerate(tree.query_ball_point(alerts, chord_of(self._radius[mine].max()))):
                if hits:
                    yield from self._near(int(rows[row]), alerts[row], mine[hits])

    def _near(self, at: int, alert: Floats, hits: Any) -> Iterator[dict[str, Any]]:
        chords = np.linalg.norm(self._places[hits] - alert, axis=1)
        near = hits[chords <= chord_of(self._radius[hits])]
        apart = angle_between(self._places[near], alert) * ARCSEC_PER_RAD
        for place, arcsec in zip(near.tolist(), apart.tolist(), strict=True):
            owner = int(self._owner[place])
            entry = self._labels[owner][int(self._entry[place])]
            yield {"watch": owner, "at": at, "entry": entry, "separation_arcsec": arcsec}
