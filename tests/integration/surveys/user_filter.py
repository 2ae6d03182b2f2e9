"""A filter of a user that sends every alert."""

import datetime as dt
from collections.abc import Iterator

from fink_lib.filters.users.store import Action, Event

EVERYTHING = {"owner": "team", "description": "Every alert.", "predicate": "alert_id > 0", "by": "team"}


def every_alert(survey: str) -> Iterator[Event]:
    """Yield the entries that add the filter ``everything`` of a survey and make it active."""
    for number, action in enumerate((Action.ADD, Action.ACTIVATE), 1):
        yield Event(survey, "everything", number, action, 1, at=dt.datetime.now(dt.UTC), **EVERYTHING)
