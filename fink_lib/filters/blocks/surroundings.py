"""ZTF: what stands where the alert is, by SIMBAD where it answered and by what this machine knows elsewhere.

An outage of SIMBAD is no answer: nothing passes because a service was down. Then the catalogues of variable stars
and Pan-STARRS must have been looked at, and must not show a star.
"""

from typing import Any

import numpy as np

from fink_lib.filters.base import Batch, Clause
from fink_lib.filters.conditions import among
from fink_lib.science.cases.host import Host
from fink_lib.science.cases.neighbours import GALAXY, STAR_SCORE_MIN, UNCERTAIN
from fink_lib.science.framework.base import NO_MATCH

LOCAL = ("gcvs", "vsx")
PLACES = ("", "_2", "_3")  # the three nearest Pan-STARRS sources of a packet
STAR_RADIUS_ARCSEC = 5.0
LOOKED = "ps1_shape"  # a word wherever the packet's neighbours were read, null elsewhere


def _no_variable(batch: Batch) -> Any:
    """Return where both catalogues of variable stars were looked at, and neither has one."""
    return np.logical_and.reduce([among(batch[name], (NO_MATCH,)) for name in LOCAL])


def _host_is(batch: Batch, kind: Host) -> Any:
    return among(batch["host_kind"], (str(kind),))


def _may_be_extragalactic(batch: Batch) -> Any:
    answered = _host_is(batch, Host.EXTRAGALACTIC) | _host_is(batch, Host.EMPTY)
    no_star = among(batch["ps1_shape"], (NO_MATCH, GALAXY, UNCERTAIN)) & _no_variable(batch)
    return answered | (_host_is(batch, Host.NOT_AVAILABLE) & no_star)


def _uncatalogued(batch: Batch) -> Any:
    nothing = among(batch["ps1_shape"], (NO_MATCH,)) & _no_variable(batch)
    return _host_is(batch, Host.EMPTY) | (_host_is(batch, Host.NOT_AVAILABLE) & nothing)


def _no_star_near(batch: Batch) -> Any:
    """Return where the survey looked, and no source near is a star; one without a score may be a star."""
    stars = [
        (batch[f"ps1_sep_arcsec{place}"] <= STAR_RADIUS_ARCSEC) & ~(batch[f"ps1_star_score{place}"] < STAR_SCORE_MIN)
        for place in PLACES
    ]
    return was_looked_at(batch) & ~np.logical_or.reduce(stars)


def was_looked_at(batch: Batch) -> Any:
    """Return where the packet's neighbours were read: only then does a null separation mean that none is there."""
    return ~among(batch[LOOKED], (None,))


MAY_BE_EXTRAGALACTIC = Clause(
    "a galaxy or nothing there, and no star",
    ("host_kind", "ps1_shape", *LOCAL),
    _may_be_extragalactic,
)
UNCATALOGUED = Clause("nothing catalogued there", ("host_kind", "ps1_shape", *LOCAL), _uncatalogued)
NO_STAR_NEAR = Clause(
    f"no Pan-STARRS star within {STAR_RADIUS_ARCSEC:g} arcsec",
    (LOOKED, *(f"{column}{place}" for place in PLACES for column in ("ps1_sep_arcsec", "ps1_star_score"))),
    _no_star_near,
)
