"""What the table of events can hold: one notice that it cannot would stop all notices behind it in Kafka."""

import re

from fink_lib.errors import UnreadableNotice
from fink_lib.multimessenger.event import Event

MISSION = re.compile(r"[\w.+:~-]{1,64}", re.ASCII)  # the table has a folder for each
INT64 = 2**63


def require_storable(event: Event) -> None:
    """Refuse what no row of the table can hold.

    Raises
    ------
    UnreadableNotice
        When a value is of another type than the format says, or cannot be written.
    """
    if not MISSION.fullmatch(event.mission):
        raise UnreadableNotice(f"a mission called '{event.mission}', which is no name of up to 64 letters and digits")
    if event.revision is not None and not -INT64 <= event.revision < INT64:
        raise UnreadableNotice(f"revision {event.revision}, which is no number of 64 bits")
    if event.significant is not None and not isinstance(event.significant, bool):
        raise UnreadableNotice(f"significant is '{event.significant}', which is neither true nor false")
    texts = (event.mission, event.instrument, event.trigger_id, event.kind, event.name, event.known_source)
    for text in (*texts, event.where.skymap_url, *event.classes, *event.follows):
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise UnreadableNotice(f"'{text}' holds half of a character, which no text has") from error
