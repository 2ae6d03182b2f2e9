"""The surveys that the broker knows, by name."""

from fink_lib.errors import SurveyError
from fink_lib.surveys.base import Cut, Damage, Datum, Fields, Framing, Survey, value_at
from fink_lib.surveys.lsst import LSST
from fink_lib.surveys.ztf import ZTF

SURVEYS = {survey.name: survey for survey in (ZTF, LSST)}

__all__ = ["SURVEYS", "Cut", "Damage", "Datum", "Fields", "Framing", "Survey", "get_survey", "value_at"]


def get_survey(name: str) -> Survey:
    """Return the adapter of a survey.

    Raises
    ------
    SurveyError
        When no adapter has that name.
    """
    try:
        return SURVEYS[name]
    except KeyError:
        known = ", ".join(sorted(SURVEYS))
        raise SurveyError(f"unknown survey '{name}': the broker knows {known}") from None
