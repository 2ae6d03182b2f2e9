"""Announces matches; a night that is searched for no event imports nothing of what messages are made by."""

from collections import Counter
from collections.abc import Iterable

from fink_lib.config import Settings
from fink_lib.errors import FinkError
from fink_lib.lake.rows import Rows
from fink_lib.multimessenger.night_match import NightMatch
from fink_lib.multimessenger.standing import Standing
from fink_lib.surveys import Survey


class Announcer:
    """Sends what the topics do not say yet of a night; only public alerts leave.

    Parameters
    ----------
    settings
        Where Kafka is.
    survey
        Whose nights.
    events
        As they stand.

    Attributes
    ----------
    sent
        Messages to each topic.
    refused
        Why not all were sent; None where they were.
    """

    def __init__(self, settings: Settings, survey: Survey, events: Iterable[Standing]) -> None:
        self._settings, self._survey = settings, survey
        self._events = {one.event_id: one for one in events}
        self.sent: Counter[str] = Counter()
        self.refused: FinkError | None = None

    def __call__(self, silver: Rows, found: NightMatch) -> bool:
        """Send the news of a night; return whether all of it stands on the topics now."""
        if not found.searches:
            return True
        from fink_lib.nightly.counterparts import send_news  # noqa: PLC0415 - filters, duckdb, the science modules

        try:
            self.sent += send_news(self._settings, self._survey, self._events, silver, found)
        except FinkError as error:
            self.refused = error
            return False
        return True
