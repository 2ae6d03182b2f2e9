"""Notices written as VOEvent (XML): GCN's classic streams, those of LIGO/Virgo/KAGRA of 2019, other senders.

VOEvent 1.1 and 2.0, https://www.ivoa.net/documents/VOEvent; the parameters are those of GCN's own descriptions.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass

from fink_lib.errors import NotAnEvent, UnreadableNotice
from fink_lib.multimessenger.event import Action, Event, Localization, Messenger, Purpose, Shape
from fink_lib.multimessenger.missions import USUAL_CONTAINMENT, instrument_of
from fink_lib.multimessenger.reading import error_region, number, position, utc, whole
from fink_lib.multimessenger.superevents import purpose_of

# GCN counts INTEGRAL's triggers in the lower 16 bits, and the notices of one in the upper ones
INTEGRAL_BITS = 0xFFFF
KIND = re.compile(r"[A-Za-z]+(?:_[A-Za-z]+)*")
LOCAL_NAMES = {"amon": "icecube", "lvc": "lvk"}
TESTS = ("Test_Submission", "Test_Notice", "Test", "InternalTest")
SECONDS_PER_YEAR = 365.25 * 86_400.0
MAP_PARAMETERS = ("skymap_fits", "LocationMap_FITS")


@dataclass(frozen=True)
class Packet:
    """The parts of a VOEvent that matter.

    Attributes
    ----------
    stream, local
        The identifier up to and after its ``#``: the stream's last part in small letters, and the event's name in it.
    role
        observation, prediction, utility or test.
    parameters
        Name → value, of every ``Param`` in whatever group; the first one where a name comes twice.
    classes
        Those of the group ``Classification``.
    texts
        Name of an element → its text; the first one where a name comes twice.
    cited
        Identifier → how it is cited.
    """

    stream: str
    local: str
    role: str
    parameters: Mapping[str, str]
    classes: Mapping[str, float]
    texts: Mapping[str, str]
    cited: Mapping[str, str]


def read_voevent(content: bytes) -> Event:
    """Read a notice.

    Raises
    ------
    NotAnEvent
        When it tells of no event.
    UnreadableNotice
        When it is no VOEvent, or damaged.
    """
    packet = _packet(content)
    if packet.role not in ("observation", "test"):
        raise NotAnEvent(f"a VOEvent of role '{packet.role}'")
    mission = LOCAL_NAMES.get(packet.stream, packet.stream)
    kind = _kind(packet.local)
    instrument = _instrument(mission, kind)
    known = instrument_of(mission, instrument)
    given = packet.parameters
    return Event(
        mission=mission,
        instrument=instrument,
        trigger_id=_trigger(mission, packet),
        kind=given.get("AlertType") or kind,
        messenger=known.messenger if known else Messenger.OPTICAL,
        action=_action(packet),
        purpose=_purpose(packet),
        trigger_time=utc(packet.texts.get("ISOTime"), "the time of the event"),
        notice_time=utc(packet.texts.get("Date"), "the date of the notice"),
        revision=_revision(mission, packet),
        where=_where(packet, mission, instrument),
        name=given.get("event_name", ""),
        known_source=given.get("SourceName", ""),
        far_hz=_false_alarm_rate(mission, packet),
        classes=packet.classes,
        follows=tuple(packet.cited),
    )


def _packet(content: bytes) -> Packet:
    if b"\0" in content:
        raise UnreadableNotice("XML with zero bytes, in UTF-16 say: notices are written in UTF-8")
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise UnreadableNotice("XML with a document type: no VOEvent has one, and its entities may grow without end")
    try:
        root = ET.fromstring(content)  # noqa: S314 - documents that declare entities were refused
    except (ET.ParseError, ValueError, LookupError) as error:
        raise UnreadableNotice(f"XML that cannot be parsed: {error}") from error
    if _plain(root.tag) != "VOEvent":
        raise UnreadableNotice(f"XML whose root is <{_plain(root.tag)}>, no VOEvent")
    stream, _, local = root.get("ivorn", "").partition("#")
    texts: dict[str, str] = {}
    parameters: dict[str, str] = {}
    for one in root.iter():
        texts.setdefault(_plain(one.tag), (one.text or "").strip())
        if _plain(one.tag) == "Param":
            parameters.setdefault(one.get("name", ""), one.get("value", ""))
    cited = {(one.text or "").strip(): one.get("cite", "") for one in root.iter() if _plain(one.tag) == "EventIVORN"}
    if not local:
        raise UnreadableNotice(f"a VOEvent without a name: its ivorn is '{root.get('ivorn', '')}'")
    name = stream.rpartition("/")[2].lower()
    return Packet(name, local, root.get("role", "observation"), parameters, _classes(root), texts, cited)


def _plain(tag: object) -> str:
    return str(tag).rpartition("}")[2]


def _classes(root: ET.Element) -> dict[str, float]:
    groups = [one for one in root.iter() if _plain(one.tag) == "Group"]
    wanted = [one for one in groups if "Classification" in (one.get("type"), one.get("name"))]
    found = {one.get("name", ""): number(one.get("value"), "a class") for group in wanted for one in group}
    return {name: value for name, value in found.items() if name and value is not None}


def _kind(local: str) -> str:
    found = KIND.match(local)
    return found.group() if found else local


def _instrument(mission: str, kind: str) -> str:
    """Return the instrument: where a mission has several, it begins the name of the kind."""
    first = kind.partition("_")[0].lower()
    return first if instrument_of(mission, first) is not None and mission in ("fermi", "swift") else ""


def _trigger(mission: str, packet: Packet) -> str:
    given = packet.parameters
    if given.get("GraceID"):
        return given["GraceID"]
    if given.get("AMON_ID"):
        return "_".join((given["run_id"], given["event_id"])) if "run_id" in given else given["AMON_ID"]
    if mission == "integral" and given.get("TrigID"):
        return str((whole(given["TrigID"], "TrigID") or 0) & INTEGRAL_BITS)
    return given.get("TrigID") or packet.local


def _revision(mission: str, packet: Packet) -> int | None:
    given = packet.parameters
    if "GraceID" in given:
        return whole(given.get("Pkt_Ser_Num"), "Pkt_Ser_Num")
    if mission == "integral" and given.get("TrigID"):
        return (whole(given["TrigID"], "TrigID") or 0) >> INTEGRAL_BITS.bit_length()
    return whole(given.get("Rev"), "Rev")


def _action(packet: Packet) -> Action:
    given = packet.parameters
    alert = given.get("AlertType", "").lower()
    gone = alert == "retraction" or "retraction" in packet.cited.values()
    if gone or "true" in (given.get("Retraction"), given.get("Def_NOT_a_GRB")):
        return Action.RETRACTION
    again = alert == "update" or packet.cited or (whole(given.get("Rev"), "Rev") or 0) > 0
    return Action.UPDATE if again else Action.INITIAL


def _purpose(packet: Packet) -> Purpose:
    given = packet.parameters
    if packet.role == "test" or any(given.get(name) == "true" for name in TESTS) or given.get("HardwareInj") == "1":
        return Purpose.TEST
    return purpose_of(given["GraceID"], given.get("Search", "")) if "GraceID" in given else Purpose.OBSERVATION


def _false_alarm_rate(mission: str, packet: Packet) -> float | None:
    rate = number(packet.parameters.get("FAR"), "FAR")
    return rate / SECONDS_PER_YEAR if rate is not None and mission == "icecube" else rate


def _where(packet: Packet, mission: str, instrument: str) -> Localization:
    url = next((packet.parameters[name] for name in MAP_PARAMETERS if name in packet.parameters), "")
    place = position(packet.texts.get("C1"), packet.texts.get("C2"))
    radius = number(packet.texts.get("Error2Radius"), "the error radius")
    if place is None or radius is None:
        ra_deg, dec_deg = place or (None, None)
        return Localization(Shape.NONE, ra_deg, dec_deg, skymap_url=url)
    known = instrument_of(mission, instrument)
    return error_region(
        place,
        (radius, radius),
        0.0,
        known.containment if known else USUAL_CONTAINMENT,
        systematic_included=not (known and known.systematic_deg),
        skymap_url=url,
    )
