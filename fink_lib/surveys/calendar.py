"""When a night is over: at sunrise where the telescope stands, however long it pauses before."""

import datetime as dt

from fink_lib.nights import SECONDS_PER_DAY, UNIX_EPOCH_DATE
from fink_lib.sky import sunrise
from fink_lib.surveys.base import Survey


def night_ends_at(survey: Survey, night: dt.date) -> float:
    """Return the Unix time at which the telescope stops observing a night.

    Parameters
    ----------
    survey
        Whose night rule and whose site.
    night
        Its date; the times that belong to it are a day long.

    Returns
    -------
    float
        The sunrise within that day; its end, where the Sun does not rise.
    """
    begin_s = ((night - UNIX_EPOCH_DATE).days - survey.night.offset_h / 24.0) * SECONDS_PER_DAY
    end_s = begin_s + SECONDS_PER_DAY
    return sunrise(survey.calendar.site, begin_s, end_s) or end_s
