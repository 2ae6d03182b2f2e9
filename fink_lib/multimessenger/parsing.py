"""From the bytes of a notice to an event, or to the reason why there is none: nothing is lost without a name."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fink_lib.errors import NotAnEvent, UnreadableNotice
from fink_lib.multimessenger.event import Event
from fink_lib.multimessenger.igwn import is_igwn, read_igwn
from fink_lib.multimessenger.storable import require_storable
from fink_lib.multimessenger.unified import is_unified, read_unified, require_no_schema
from fink_lib.multimessenger.voevent import read_voevent

MOST_OF_REASON = 400  # a reason quotes the notice, which may be megabytes
FITS_BEGINNING, GZIP_BEGINNING, BYTE_ORDER_MARK = b"SIMPLE  =", b"\x1f\x8b", b"\xef\xbb\xbf"


class Outcome(StrEnum):
    """What became of a notice."""

    EVENT = "event"
    NO_EVENT = "no_event"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Parsed:
    """A notice that was looked at.

    Attributes
    ----------
    outcome
        What became of it.
    event
        The event that it tells of; None for any other outcome.
    reason
        Why there is none; empty for an event.
    """

    outcome: Outcome
    event: Event | None = None
    reason: str = ""


def parse(content: bytes) -> Parsed:
    """Read a notice of any format; this never raises.

    Parameters
    ----------
    content
        The notice as it came.
    """
    try:
        event = _read(content)
        require_storable(event)
    except NotAnEvent as error:
        return Parsed(Outcome.NO_EVENT, reason=_told(str(error)))
    except UnreadableNotice as error:
        return Parsed(Outcome.UNREADABLE, reason=_told(str(error)))
    except Exception as error:  # noqa: BLE001 - senders find ways to damage a notice that nobody foresaw
        return Parsed(Outcome.UNREADABLE, reason=_told(f"{type(error).__name__}: {error}"))
    return Parsed(Outcome.EVENT, event)


def _told(reason: str) -> str:
    """Return a reason that a table can hold: JSON may write halves of characters, which no UTF-8 has."""
    whole = reason if len(reason) <= MOST_OF_REASON else reason[:MOST_OF_REASON] + "…"
    return whole.encode("utf-8", "backslashreplace").decode()


def _read(content: bytes) -> Event:
    text = content.removeprefix(BYTE_ORDER_MARK).lstrip()
    if text.startswith(b"<"):
        return read_voevent(text)
    if text.startswith(b"{"):
        return _read_json(text)
    if text.startswith((FITS_BEGINNING, GZIP_BEGINNING)):
        raise UnreadableNotice("a FITS or gzip file, which may be a sky map but is no notice")
    raise UnreadableNotice(f"neither XML nor JSON: it begins with {text[:16]!r}" if text else "an empty notice")


def _read_json(text: bytes) -> Event:
    try:
        notice: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise UnreadableNotice(f"JSON that cannot be parsed: {error}") from error
    require_no_schema(notice)
    if is_igwn(notice):
        return read_igwn(notice)
    if is_unified(notice):
        return read_unified(notice)
    known = ", ".join(sorted(notice)[:6])
    raise UnreadableNotice(f"JSON that is neither a notice of GCN's unified schema nor a GW alert; its keys: {known}")
