"""The surveys that the broker knows, by name; each is a folder here, found by itself."""

from fink_lib.surveys.base import Cut, Damage, Datum, Fields, Framing, Survey, value_at
from fink_lib.surveys.registry import get_survey, known_surveys, running_surveys

SURVEYS = known_surveys()

__all__ = [
    "SURVEYS",
    "Cut",
    "Damage",
    "Datum",
    "Fields",
    "Framing",
    "Survey",
    "get_survey",
    "running_surveys",
    "value_at",
]


def __getattr__(name: str) -> Survey:
    """Return a survey by its name in capitals: ``fink_lib.surveys.ZTF``."""
    if name.isupper() and name.lower() in SURVEYS:
        return SURVEYS[name.lower()]
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
