"""ZTF: whether the detection is real, and how old and well sampled its source is."""

from functools import partial
from typing import Any

from fink_lib.filters.base import Batch, Clause
from fink_lib.filters.conditions import above, among

JD, FIRST_JD = "candidate.jd", "candidate.jdstarthist"
POSITIVE = ("t", "1")

REAL = above("candidate.drb", 0.5)  # deep-learning real-bogus score, Duev et al. 2019
SURELY_REAL = above("candidate.drb", 0.9)  # the stricter cut of Andreoni et al. 2021
POINT_LIKE = above("candidate.classtar", 0.4)  # SExtractor's star-galaxy score: not smeared, not a residual


def younger_than(days: float) -> Clause:
    """Return the clause that the first detection at 3 sigma was less than so many days ago."""
    return Clause(f"first seen < {days:g} d ago", (JD, FIRST_JD), lambda batch: _age_days(batch) < days)


def at_most_old(days: float) -> Clause:
    """Return the clause that the first detection at 3 sigma was at most so many days ago."""
    return Clause(f"first seen <= {days:g} d ago", (JD, FIRST_JD), lambda batch: _age_days(batch) <= days)


def _age_days(batch: Batch) -> Any:
    return batch[JD] - batch[FIRST_JD]


def _among(batch: Batch, column: str, words: tuple[str, ...]) -> Any:
    return among(batch[column], words)


BRIGHTER = Clause(
    "brighter than the reference",
    ("candidate.isdiffpos",),
    partial(_among, column="candidate.isdiffpos", words=POSITIVE),  # 't' or '1', depending on the packet's version
)
