"""Names of gravitational-wave candidates: real ones, mocks and tests."""

import re

from fink_lib.errors import UnreadableNotice
from fink_lib.multimessenger.event import Purpose

# LIGO/Virgo/KAGRA Public Alerts User Guide: S + YYMMDD + letters; M before it is a mock, T a test
SUPEREVENT = re.compile(r"(?P<purpose>[MT]?)(?:S|GW)\d{6}[A-Za-z]+")
MOCK_SEARCH = "MDC"
PURPOSES = {"": Purpose.OBSERVATION, "M": Purpose.MOCK, "T": Purpose.TEST}


def purpose_of(superevent: str, search: str = "") -> Purpose:
    """Tell an observation from a mock and a test, by the name of a superevent and the search that found it.

    Parameters
    ----------
    superevent
        The name, S230518h for example; a letter M or T before it tells a mock or a test.
    search
        The search as the alert names it; ``MDC`` tells a mock. Empty where none is named.

    Raises
    ------
    UnreadableNotice
        When it is no such name.
    """
    found = SUPEREVENT.fullmatch(superevent)
    if found is None:
        raise UnreadableNotice(f"'{superevent}' is no name of a superevent: S230518h, MS230518e and TS230518a are")
    named = PURPOSES[found["purpose"]]
    return Purpose.MOCK if named is Purpose.OBSERVATION and search == MOCK_SEARCH else named
