"""VOEvent 2.0 packets (IVOA Recommendation 2011-07-11), with citations of earlier packets."""

import datetime as dt
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

from fink_lib.community.kinds import VOEVENT_RELATIONS
from fink_lib.errors import ConfigError
from fink_lib.followup.reports.discovery import Discovery

NAMESPACE = "http://www.ivoa.net/xml/VOEvent/v2.0"
SCHEMA = f"{NAMESPACE} http://www.ivoa.net/xml/VOEvent/VOEvent-v2.0.xsd"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
ROLES = ("observation", "prediction", "utility", "test")


def voevent(
    found: Discovery,
    ivorn: str,
    author: str,
    at: dt.datetime,
    *,
    cites: Sequence[tuple[str, str]] = (),
    role: str = "test",
    classes: Mapping[str, float] | None = None,
    why: str = "",
) -> bytes:
    """Return a packet about an object.

    Parameters
    ----------
    found, ivorn, author, at
        What is told, the packet's own identifier, who tells it, and when.
    cites
        Identifier and relation (``followup``, ``supersedes``, ``retraction``) of earlier packets.
    role
        ``test`` unless it is meant.
    classes
        Class → probability, as inferences.
    why
        Some words.

    Raises
    ------
    ConfigError
        When a relation, role or identifier is none of VOEvent's.
    """
    _check(cites, role, ivorn)
    ET.register_namespace("voe", NAMESPACE)
    ET.register_namespace("xsi", INSTANCE)
    schema = {f"{{{INSTANCE}}}schemaLocation": SCHEMA}
    root = ET.Element(f"{{{NAMESPACE}}}VOEvent", {"version": "2.0", "ivorn": ivorn, "role": role, **schema})
    who = ET.SubElement(root, "Who")
    _text(who, "AuthorIVORN", ivorn.partition("#")[0])
    _text(who, "Date", at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    _text(ET.SubElement(who, "Author"), "contactName", author)
    _what(ET.SubElement(root, "What"), found)
    _where(ET.SubElement(root, "WhereWhen"), found)
    if classes or why:
        _why(ET.SubElement(root, "Why"), classes or {}, why)
    if cites:
        listed = ET.SubElement(root, "Citations")
        for uri, relation in cites:
            _text(listed, "EventIVORN", uri, {"cite": relation})
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _check(cites: Sequence[tuple[str, str]], role: str, ivorn: str) -> None:
    for uri, relation in cites:
        if relation not in VOEVENT_RELATIONS or not uri.startswith("ivo://"):
            raise ConfigError(f"VOEvent cites ivo:// by {', '.join(VOEVENT_RELATIONS)}, not {uri} by {relation}")
    if role not in ROLES or not ivorn.startswith("ivo://"):
        raise ConfigError(f"a VOEvent has an ivo:// identifier and a role of {', '.join(ROLES)}")


def _text(above: ET.Element, name: str, text: str, attributes: Mapping[str, str] | None = None) -> None:
    ET.SubElement(above, name, dict(attributes or {})).text = text


def _what(what: ET.Element, found: Discovery) -> None:
    ET.SubElement(what, "Param", {"name": "survey", "value": found.survey, "dataType": "string"})
    name = {"name": "object_id", "value": found.object_id, "ucd": "meta.id;src", "dataType": "string"}
    ET.SubElement(what, "Param", name)
    group = ET.SubElement(what, "Group", {"name": "first_detection"})
    first = found.first
    band = {"name": "band", "value": first.band, "ucd": "instr.bandpass", "dataType": "string"}
    ET.SubElement(group, "Param", band)
    number = {"unit": "mag", "dataType": "float"}
    ET.SubElement(group, "Param", {"name": "mag", "value": f"{first.mag:.3f}", "ucd": "phot.mag", **number})
    if first.mag_err is not None:
        error = {"name": "mag_err", "value": f"{first.mag_err:.3f}", "ucd": "stat.error;phot.mag"}
        ET.SubElement(group, "Param", {**error, **number})


def _where(where: ET.Element, found: Discovery) -> None:
    location = ET.SubElement(where, "ObsDataLocation")
    ET.SubElement(location, "ObservatoryLocation", {"id": found.survey.upper()})
    observed = ET.SubElement(location, "ObservationLocation")
    system = "UTC-ICRS-TOPO"
    ET.SubElement(observed, "AstroCoordSystem", {"id": system})
    coords = ET.SubElement(observed, "AstroCoords", {"coord_system_id": system})
    instant = ET.SubElement(ET.SubElement(coords, "Time", {"unit": "s"}), "TimeInstant")
    _text(instant, "ISOTime", found.first.at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f"))
    place = ET.SubElement(coords, "Position2D", {"unit": "deg"})
    _text(place, "Name1", "RA")
    _text(place, "Name2", "Dec")
    value = ET.SubElement(place, "Value2")
    _text(value, "C1", f"{found.ra_deg:.6f}")
    _text(value, "C2", f"{found.dec_deg:.6f}")
    _text(place, "Error2Radius", f"{max(found.ra_err_arcsec, found.dec_err_arcsec) / 3600.0:.7f}")


def _why(why: ET.Element, classes: Mapping[str, float], text: str) -> None:
    if text:
        _text(why, "Description", text)
    for name, probability in classes.items():
        inference = ET.SubElement(why, "Inference", {"probability": f"{probability:.4f}"})
        _text(inference, "Concept", name)
