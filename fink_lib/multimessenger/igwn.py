"""Gravitational-wave alerts as JSON: topic ``igwn.gwalert``.

LIGO/Virgo/KAGRA Public Alerts User Guide, https://emfollow.docs.ligo.org/userguide/content.html.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from fink_lib.errors import UnreadableNotice
from fink_lib.multimessenger.event import Action, Event, Localization, Messenger, Shape
from fink_lib.multimessenger.reading import number, utc
from fink_lib.multimessenger.superevents import purpose_of

ACTIONS = {
    "EARLYWARNING": Action.INITIAL,
    "PRELIMINARY": Action.INITIAL,
    "INITIAL": Action.INITIAL,
    "UPDATE": Action.UPDATE,
    "RETRACTION": Action.RETRACTION,
}


def is_igwn(notice: Mapping[str, Any]) -> bool:
    """Tell whether a JSON notice is one of these."""
    return "superevent_id" in notice and "alert_type" in notice


def read_igwn(notice: Mapping[str, Any]) -> Event:
    """Read an alert; one that retracts has neither time nor map.

    Raises
    ------
    UnreadableNotice
        When it is damaged.
    """
    kind, told = str(notice["alert_type"]), notice.get("event")
    if kind.upper() not in ACTIONS:
        raise UnreadableNotice(f"a GW alert of type '{kind}': known are {', '.join(ACTIONS)}")
    event: Mapping[str, Any] = told if isinstance(told, dict) else {}
    action = ACTIONS[kind.upper()]
    if action is not Action.RETRACTION and not event:
        raise UnreadableNotice(f"a GW alert of type '{kind}' without an event")
    classes = event.get("classification") or {}
    return Event(
        mission="lvk",
        instrument="",
        trigger_id=str(notice["superevent_id"]),
        kind=kind,
        messenger=Messenger.GRAVITATIONAL_WAVE,
        action=action,
        purpose=purpose_of(str(notice["superevent_id"]), str(event.get("search", ""))),
        trigger_time=utc(event.get("time"), "the time of the event"),
        notice_time=utc(notice.get("time_created"), "time_created"),
        where=_where(event.get("skymap")),
        far_hz=number(event.get("far"), "far"),
        significant=event.get("significant"),
        classes={name: found for name, one in classes.items() if (found := number(one, name)) is not None},
    )


def _where(skymap: object) -> Localization:
    return Localization(Shape.SKYMAP, skymap=decoded(skymap)) if skymap else Localization()


def decoded(text: object) -> bytes:
    """Decode a FITS file that is base64 within JSON.

    Raises
    ------
    UnreadableNotice
        When it is something else.
    """
    try:
        return base64.b64decode(str(text), validate=True)
    except binascii.Error as error:
        raise UnreadableNotice(f"a sky map that is no base64: {error}") from error
