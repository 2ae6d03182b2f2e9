"""The candidates of a board in the order of what an observation tonight would tell of them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fink_lib.community.board import Candidate
from fink_lib.community.consensus import Evidence
from fink_lib.followup.observability import Limits, observability
from fink_lib.followup.value import Instrument, Value, value_of
from fink_lib.sky import Site

# What is thought is taken from the best evidence that there is; the kinds are never pooled
BEST_FIRST = (Evidence.SPECTROSCOPIC, Evidence.HUMAN, Evidence.MACHINE)
NOTHING_KNOWN: Mapping[str, float] = {"transient": 0.5, "other": 0.5}


@dataclass(frozen=True)
class Seen:
    """How an object was seen last.

    Attributes
    ----------
    ra_deg, dec_deg
        Where.
    mag
        How bright; None where nobody knows.
    """

    ra_deg: float
    dec_deg: float
    mag: float | None


@dataclass(frozen=True)
class Tonight:
    """With what, where and when an observation would be made."""

    instrument: Instrument
    site: Site
    night: dt.date
    limits: Limits


def ranked(
    candidates: Sequence[Candidate], seen: Mapping[tuple[str, str], Seen], tonight: Tonight
) -> list[tuple[Candidate, Value]]:
    """Return candidates with what an observation of each is worth, the best first.

    Parameters
    ----------
    candidates
        Of a board.
    seen
        Survey and object → how it was seen last.
    tonight
        The observation.
    """
    found = [(one, worth(one, seen.get((one.survey, one.object_id)), tonight)) for one in candidates]
    return sorted(found, key=lambda one: (-one[1].bits_per_minute, one[0].priority, one[0].object_id))


def worth(one: Candidate, seen: Seen | None, tonight: Tonight) -> Value:
    """Return what an observation of a candidate is worth.

    Parameters
    ----------
    one
        The candidate, with what people and programs think of it.
    seen
        How it was seen last; without it the place counts as at the zenith, with no minutes and no magnitude.
    tonight
        The observation.
    """
    classes, evidence = _thought(one)
    if seen is None:
        found = value_of(classes, None, 1.0, 0.0, tonight.instrument)
    else:
        sky = observability(seen.ra_deg, seen.dec_deg, tonight.site, tonight.night, tonight.limits)
        airmass = sky.best_airmass if sky.is_observable else None
        found = value_of(classes, seen.mag, airmass, sky.minutes, tonight.instrument)
        if sky.reasons:
            found = _because(found, sky.reasons)
    return _because(found, (f"what is thought is {evidence}",))


def _because(found: Value, reasons: Sequence[str]) -> Value:
    return Value(**{**vars(found), "why": (*found.why, *reasons)})


def _thought(one: Candidate) -> tuple[Mapping[str, float], str]:
    for evidence in BEST_FIRST:
        for each in one.consensus:
            if each.evidence is evidence and each.shares:
                return each.shares, str(evidence)
    return NOTHING_KNOWN, "nothing yet: as good as a coin"
