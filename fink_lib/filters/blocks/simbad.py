"""Answers of services such as SIMBAD and Gaia, and what is no answer."""

from typing import Any

import numpy as np

from fink_lib.science.methods.classify.labels import is_answer


def is_answered(labels: Any) -> Any:
    """Return where the service answered: a null says that nobody asked, 'Fail' that it was down."""
    return np.array([is_answer(label) for label in labels], dtype=bool)
