"""The columns of a night in numbers: which share of each is null, and how its scores are distributed."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.files import JsonObject
from fink_lib.lake.rows import Rows
from fink_lib.science.framework.base import Role
from fink_lib.science.framework.registry import outputs_with
from fink_lib.surveys import Survey

BINS = 20  # of [0, 1]
# Packets hold scores in single precision, where 0.9 lies below the 0.9 of double precision.
EDGES = (np.arange(BINS + 1) / BINS).astype(np.float32)


def profile(survey: Survey, silver: Rows) -> JsonObject:
    """Return ``null_shares``, ``scores``, ``scores_outside`` and ``flags`` of a night of silver.

    ``null_shares`` is over science outputs and identity columns; the values of a score
    lie in [0, 1]: those that lie outside are counted by themselves. Flags count the alerts
    for which they are true, never those that merely have a value.

    Parameters
    ----------
    survey
        Whose night.
    silver
        Its rows.
    """
    rows, nulls = silver.count(), profiled_columns(survey.name, silver)
    scores = {path: score_counts(silver.column(path)) for path in score_columns(survey, silver)}
    return {
        "null_shares": {name: round(_nulls(silver, name) / rows, 6) if rows else 0.0 for name in nulls},
        "scores": {path: bins for path, (bins, _) in scores.items()},
        "scores_outside": {path: outside for path, (_, outside) in scores.items()},
        "flags": {name: silver.count(flag) for name, flag in flag_columns(survey, silver).items()},
    }


def _nulls(silver: Rows, name: str) -> int:
    return silver.count(pc.field(name).is_null())


def profiled_columns(survey: str, silver: Rows) -> list[str]:
    """Return the columns whose nulls are watched: identity and every science output that the table has.

    Parameters
    ----------
    survey
        Name of the survey.
    silver
        Rows of the table.
    """
    watched = ["object_id", "ra", "dec", "band", *outputs_with(survey)]
    return [name for name in dict.fromkeys(watched) if name in silver.names]


def score_columns(survey: Survey, silver: Rows) -> list[str]:
    """Return the columns that hold scores, of the science and of the packet.

    Parameters
    ----------
    survey
        Whose scores.
    silver
        Rows of the table; scores that it lacks are left out.

    Returns
    -------
    Dotted paths, those of the science first.
    """
    scores = [name for name in outputs_with(survey.name, Role.SCORE) if name in silver.names]
    return [*scores, *(path for path in survey.report.scores if silver.has(path))]


def flag_columns(survey: Survey, silver: Rows) -> dict[str, pc.Expression]:
    """Return the flags that the table can answer: those of the survey, and every true-or-false science output.

    Parameters
    ----------
    survey
        Whose flags.
    silver
        Rows of the table.

    Returns
    -------
    Name → condition that holds for the alerts that have the flag.
    """
    flags = survey.report.flags.items()
    named = {name: flag.holds for name, flag in flags if set(flag.needs) <= set(silver.names)}
    return named | {name: pc.field(name) for name in outputs_with(survey.name, Role.FLAG) if name in silver.names}


def bin_edge(at: int) -> str:
    """Return the lower edge of a bin, as it is written in results."""
    return f"{at / BINS:.2f}"


def score_counts(values: pa.ChunkedArray) -> tuple[dict[str, int], int]:
    """Count values by bin of [0, 1], which are named by their lower edges, and those that lie outside; no nulls."""
    known: npt.NDArray[Any] = values.drop_null().cast(pa.float32()).to_numpy()
    inside = known[(known >= 0) & (known <= 1)]
    counts = np.bincount(np.minimum(np.searchsorted(EDGES, inside, side="right") - 1, BINS - 1), minlength=BINS)
    return {bin_edge(at): int(count) for at, count in enumerate(counts) if count}, len(known) - len(inside)
