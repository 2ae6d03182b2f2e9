"""Notices in GCN's unified JSON schema: Fermi, Swift GUANO, SVOM, IceCube, KM3NeT, CHIME, DSA-110, MAXI and others.

https://github.com/nasa-gcn/gcn-schema; which mission a notice is of is said by the address of its schema.
"""

from collections.abc import Mapping
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

from fink_lib.errors import NotAnEvent, UnreadableNotice
from fink_lib.multimessenger.event import Action, Event, Localization, Messenger, Purpose, Shape
from fink_lib.multimessenger.igwn import decoded
from fink_lib.multimessenger.missions import USUAL_CONTAINMENT, instrument_of
from fink_lib.multimessenger.reading import error_region, number, position, require_probability, utc, whole

NOTICES, SUFFIX = "/notices/", ".schema.json"
PARTS_OF_A_NOTICE = "core"
# A burst of a source that burst before is an event of its own
ACTIONS = {"initial": Action.INITIAL, "subsequent": Action.INITIAL, "update": Action.UPDATE}
ACTIONS |= {"retraction": Action.RETRACTION}
TENSES = {"current": Purpose.OBSERVATION, "test": Purpose.TEST, "injection": Purpose.TEST}
KNOWN_SOURCES = "known"
FITS_BEGINNINGS = (b"SIMPLE", b"\x1f\x8b")
ELLIPSE = 2
TRIANGLE = 3
NORTH_DEG, EAST_DEG = 0.0, 90.0


def require_no_schema(notice: Mapping[str, Any]) -> None:
    """Refuse a JSON schema: it describes notices.

    Raises
    ------
    NotAnEvent
        When it is one.
    """
    if "$id" in notice and "json-schema.org" in str(notice.get("$schema", "")):
        raise NotAnEvent(f"a JSON schema, which describes notices: {notice['$id']}")


def is_unified(notice: Mapping[str, Any]) -> bool:
    """Tell whether a JSON notice is one of these."""
    return NOTICES in str(notice.get("$schema", ""))


def read_unified(notice: Mapping[str, Any]) -> Event:
    """Read a notice.

    Raises
    ------
    NotAnEvent
        When it tells of no event.
    UnreadableNotice
        When it is damaged.
    """
    path = urlsplit(str(notice["$schema"])).path.partition(NOTICES)[2].removesuffix(SUFFIX)
    mission, *kind = path.split("/")
    _require_event(path, notice)
    instrument = _instrument(mission, notice, kind)
    known = instrument_of(mission, instrument)
    names = [*_texts(notice.get("id")), *_texts(notice.get("ref_ID")), *_texts(notice.get("event_name"))]
    if not names:
        raise UnreadableNotice(f"a notice of {path} without an id")
    action = str(notice.get("alert_type", "initial"))
    if action not in ACTIONS:
        raise UnreadableNotice(f"a notice of {path} whose alert_type is '{action}': known are {', '.join(ACTIONS)}")
    called = next(iter(_texts(notice.get("event_name"))), "")
    return Event(
        mission=mission,
        instrument=instrument,
        trigger_id=names[0],
        kind=str(notice.get("subtype") or "/".join(kind)),
        messenger=known.messenger if known else _messenger(notice),
        action=ACTIONS[action],
        purpose=_purpose(path, notice),
        trigger_time=utc(notice.get("trigger_time"), "trigger_time"),
        notice_time=utc(notice.get("alert_datetime"), "alert_datetime"),
        revision=whole(notice.get("record_number"), "record_number"),
        where=_where(notice),
        name=called,
        known_source=str(notice.get("known_source") or (called if KNOWN_SOURCES in path.split(".") else "")),
        far_hz=number(notice.get("far"), "far"),
        classes=_classes(notice.get("classification")),
        follows=tuple(_texts(notice.get("follow_up_event")) + _texts(notice.get("ref_ID"))),
    )


def _require_event(path: str, notice: Mapping[str, Any]) -> None:
    if path.startswith(f"{PARTS_OF_A_NOTICE}/"):
        raise NotAnEvent(f"{path}, a part of notices and none by itself")
    if notice.get("trigger_time") is None:
        raise NotAnEvent(f"a notice of {path} without a trigger time")


def _texts(value: object) -> list[str]:
    if value is None:
        return []
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _instrument(mission: str, notice: Mapping[str, Any], kind: list[str]) -> str:
    """Return the instrument that the notice names, in the names of `missions`; else the folder of its schema."""
    named = str(notice.get("instrument", "")).lower() or (kind[0] if len(kind) > 1 else "")
    plain = named.partition("-")[0]
    return plain if instrument_of(mission, plain) is not None else named


def _messenger(notice: Mapping[str, Any]) -> Messenger:
    told = {"Neutrino": Messenger.NEUTRINO, "GW": Messenger.GRAVITATIONAL_WAVE}
    return told.get(str(notice.get("messenger")), Messenger.GAMMA_RAY)


def _purpose(path: str, notice: Mapping[str, Any]) -> Purpose:
    tense = str(notice.get("alert_tense", "current"))
    named = {path.rpartition("/")[2].partition(".")[0], *path.rpartition("/")[2].split(".")[1:]}
    if "test" in named:
        return Purpose.TEST
    if tense not in TENSES:
        raise NotAnEvent(f"a notice of {path} about what is '{tense}'")
    return TENSES[tense]


def _classes(value: object) -> dict[str, float]:
    given = value if isinstance(value, dict) else {}
    return {str(name): found for name, one in given.items() if (found := number(one, str(name))) is not None}


def _where(notice: Mapping[str, Any]) -> Localization:
    """Return the place: a map within the notice, a polygon, an ellipse or circle, a position, or nothing."""
    url = str(notice.get("healpix_url", ""))
    place = position(notice.get("ra"), notice.get("dec"))
    ra_deg, dec_deg = place or (None, None)
    skymap = _map_within(notice.get("healpix_file"))
    if skymap is not None:
        return Localization(Shape.SKYMAP, ra_deg, dec_deg, skymap=skymap, skymap_url=url)
    containment = number(notice.get("containment_probability"), "containment_probability") or USUAL_CONTAINMENT
    if notice.get("rectangular_error_corners") and place:
        return _polygon(notice["rectangular_error_corners"], place, containment)
    errors = _errors(notice)
    if place is None or not errors:
        return Localization(Shape.NONE, ra_deg, dec_deg, skymap_url=url)
    axes, angle = _ellipse(errors)
    included = bool(notice.get("systematic_included", False))
    return error_region(place, axes, angle, containment, systematic_included=included, skymap_url=url)


def _errors(notice: Mapping[str, Any]) -> list[float]:
    """Return semi-major axis, semi-minor axis and position angle, as many of them as there are."""
    given = notice.get("ra_dec_error")
    if given is None:
        names = ("position_a_error", "position_b_error", "position_error_pa")
        given = [notice[name] for name in names if name in notice]
    values = given if isinstance(given, list) else [given]
    return [found for one in values if (found := number(one, "the error of the position")) is not None]


def _ellipse(errors: list[float]) -> tuple[tuple[float, float], float]:
    """Return the semi-axes, the greater one first, and the position angle of that one.

    Three values are semi-major axis, semi-minor axis and position angle. Two are the errors along right ascension and
    declination, and so are the first two of three when the second is the greater one (CHIME).
    """
    if len(errors) < ELLIPSE:
        return (errors[0], errors[0]), 0.0
    if len(errors) > ELLIPSE and errors[0] >= errors[1]:
        return (errors[0], errors[1]), errors[2]
    return (max(errors[:2]), min(errors[:2])), NORTH_DEG if errors[1] >= errors[0] else EAST_DEG


def _polygon(corners: list[list[float]], place: tuple[float, float], containment: float) -> Localization:
    """Return a polygon; the position alone where the corners enclose nothing."""
    require_probability(containment)
    found = [one for corner in corners if (one := position(*corner)) is not None]
    if len(set(found)) < TRIANGLE:
        return Localization(Shape.NONE, *place)
    return Localization(Shape.POLYGON, *place, containment=containment, corners_deg=tuple(chain.from_iterable(found)))


def _map_within(text: object) -> bytes | None:
    """Return the map in a notice; None where there is none, or something that only stands for one."""
    if not text:
        return None
    try:
        content = decoded(text)
    except UnreadableNotice:
        return None
    return content if content.startswith(FITS_BEGINNINGS) else None
