"""A survey on its way from a driver to its workers: bytes that a worker opens once, and may use as a key."""

import functools
import pickle

from fink_lib.surveys.base import Survey


def to_bytes(survey: Survey) -> bytes:
    """Write a survey down for workers of this very driver."""
    return pickle.dumps(survey)


@functools.lru_cache(maxsize=8)
def from_bytes(plain: bytes) -> Survey:
    """Return the survey that the driver wrote down; a process opens the same bytes once."""
    found: Survey = pickle.loads(plain)  # noqa: S301 - the driver of this very process wrote it
    return found
