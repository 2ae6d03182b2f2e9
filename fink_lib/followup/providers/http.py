"""Talking to a facility over HTTP: what an answer means for a request, and how long to wait."""

import datetime as dt
from email.utils import parsedate_to_datetime

import httpx

from fink_lib.followup.providers.base import Answer
from fink_lib.followup.states import State

TIMEOUT_S = 30.0
LONGEST_ANSWER = 4 * 1024 * 1024
LONGEST_WAIT_S, SHORTEST_WAIT_S = 3_600.0, 1.0
TNS_WAIT = "x-rate-limit-reset"  # seconds; TNS says it so
TOO_MANY, UNAVAILABLE, REQUEST_TIMEOUT, CONFLICT = 429, 503, 408, 409


def wait_s(answer: httpx.Response, now: dt.datetime) -> float | None:
    """Return how long an answer asks to wait (Retry-After, RFC 9110, section 10.2.3); None where it does not.

    Parameters
    ----------
    answer
        Of a service.
    now
        With a time zone; a wait is told in seconds, or as the date of its end.

    Returns
    -------
    float or None
        Seconds, 0 to `LONGEST_WAIT_S`.
    """
    said = answer.headers.get("retry-after", answer.headers.get(TNS_WAIT, "")).strip()
    if said.isdigit():
        return min(float(said), LONGEST_WAIT_S)
    try:
        return min(max((parsedate_to_datetime(said) - now).total_seconds(), 0.0), LONGEST_WAIT_S)
    except (TypeError, ValueError):
        return None


def refusal(answer: httpx.Response, now: dt.datetime) -> Answer:
    """Return what an answer that is no success means for a request that was sent.

    Too many requests and a service that is away (429, 503) took nothing: it is sent again later. Another refusal (400
    to 499) is an end. Where a server failed or gave up (408, 500, 502, 504), nobody knows.

    Parameters
    ----------
    answer
        Of a service, with a code of 300 or more.
    now
        With a time zone, for waits that are told as a date.
    """
    code, content = answer.status_code, answer.content[:LONGEST_ANSWER]
    told = f"answered {code}"
    if code in {TOO_MANY, UNAVAILABLE}:
        wait = wait_s(answer, now)
        return Answer(State.DELAYED, "", told, content, code, SHORTEST_WAIT_S if wait is None else wait)
    if code == CONFLICT:
        return Answer(State.DUPLICATE, "", told, content, code)
    if 300 <= code < 500 and code != REQUEST_TIMEOUT:  # noqa: PLR2004 - classes of RFC 9110
        return Answer(State.REFUSED, "", told, content, code)
    return Answer(State.UNCERTAIN, "", told, content, code)


def lost(error: httpx.HTTPError) -> Answer:
    """Return what it means that no answer came: nothing was taken where nobody was reached."""
    never_sent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    state = State.DELAYED if never_sent else State.UNCERTAIN
    return Answer(state, "", f"{type(error).__name__}: {error}"[:500], wait_s=SHORTEST_WAIT_S if never_sent else None)
