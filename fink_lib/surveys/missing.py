"""What stands for a value that is not there: decided here, once, for modules and filters of every survey.

Null, NaN and infinity are no value. Neither is a filler, a number that a survey writes where it has none (-999);
but for neighbours that it looked for around the alert it says so much: none is within the search radius. Such a
neighbour is infinitely far and infinitely faint, and NaN is left for what is not known.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fink_lib.surveys.inputs import NEGATIVE, POSITIVE, Reading, SurveyInputs

Floats = npt.NDArray[np.float64]

SIGNS = {**dict.fromkeys(POSITIVE, 1.0), **dict.fromkeys(NEGATIVE, 0.0)}


def known(numbers: Floats, fillers: Sequence[float] = (), *, none_there: bool = False) -> Floats:
    """Return numbers with NaN where there is no value.

    Parameters
    ----------
    numbers
        As the packet has them, NaN for null.
    fillers
        What the survey writes where it has no value; none for a quantity that may be any number.
    none_there
        A filler is an answer, "none is there": infinity.
    """
    wrong = np.isinf(numbers)
    filled = np.isin(numbers, fillers) if (numbers <= max(fillers, default=-np.inf)).any() else None
    if filled is None or not filled.any():
        return np.where(wrong, np.nan, numbers) if wrong.any() else numbers
    return np.where(filled & ~wrong, np.inf if none_there else np.nan, np.where(wrong, np.nan, numbers))


def known_scalar(numbers: Floats, name: str, inputs: SurveyInputs) -> Floats:
    """Return a canonical scalar of a survey with NaN where there is no value, and infinity where none is there.

    Parameters
    ----------
    numbers
        As the packets have them, NaN for null, one an alert.
    name
        A canonical scalar of the survey.
    inputs
        How the survey's packets carry it.
    """
    signed = inputs.scalars[name][1] is Reading.SIGNED
    return known(numbers, () if signed else inputs.fillers, none_there=name in inputs.none_there)


def sign_of(word: str) -> float:
    """Return 1 for a positive and 0 for a negative subtraction, NaN for any other word."""
    return SIGNS.get(word.lower(), np.nan)
