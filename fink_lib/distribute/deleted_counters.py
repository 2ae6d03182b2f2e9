"""The counter topics that maintenance has deleted: their nights are not counted again, under offsets begun anew."""

import datetime as dt
import json
from collections.abc import Iterable

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.files import replace_text, to_json

FILE = "deleted_counters.json"


def deleted_counters(settings: Settings) -> dict[str, str]:
    """Return when each counter topic was deleted; those that were not are left out.

    Raises
    ------
    ConfigError
        When the file is damaged: a topic that is over would be begun anew.
    """
    try:
        found: dict[str, str] = json.loads((settings.home / FILE).read_text())
    except FileNotFoundError:
        return {}
    except ValueError as damage:
        path = settings.home / FILE
        raise ConfigError(f"{path} is damaged: write into it, as JSON, topic and time of what was deleted") from damage
    return found


def note_deleted(settings: Settings, topics: Iterable[str], now: dt.datetime) -> None:
    """Note topics that are about to be deleted: before, so that none is made anew in between.

    Parameters
    ----------
    settings
        Whose home folder holds the file.
    topics
        Counter topics; the time of one that is noted already stays.
    now
        Time of the deletion.

    Raises
    ------
    ConfigError
        When the file is damaged.
    """
    noted = dict.fromkeys(topics, now.isoformat(timespec="seconds"))
    replace_text(settings.home / FILE, to_json({**noted, **deleted_counters(settings)}), durable=True)
