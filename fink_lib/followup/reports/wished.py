"""What somebody wishes to be reported of an object, and the report that is made of it, as a person approves it."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from fink_lib.community.bodies import Line, Name, Text
from fink_lib.community.draft import VISIBILITY, Cited, StatementId
from fink_lib.community.kinds import PUBLIC, Kind
from fink_lib.community.log import Log
from fink_lib.community.people import Person
from fink_lib.community.saying import NotSaid
from fink_lib.contracts.base import Contract
from fink_lib.errors import ConfigError
from fink_lib.followup.book import Request, ask, request_key
from fink_lib.followup.reports.discovery import Discovery
from fink_lib.followup.reports.messages import gcn_notice, hermes_message
from fink_lib.followup.reports.tns import Spectrograph, at_report, classification_report, spectrum_file
from fink_lib.followup.reports.voevent import voevent
from fink_lib.followup.services import CLASSIFICATION, DISCOVERY, MESSAGE, NOTICE, VOEVENT, Service

Facts = dict[str, Any]
MOST_POINTS = 200  # a statement has 64 kB


class ReportWish(Contract):
    """A report that somebody wishes to be sent."""

    name: ClassVar[str] = "report"

    survey: Name
    object_id: Annotated[Line, Field(min_length=1)]
    service: Annotated[Name, Field(description="One of the file of FINK_FACILITIES.")]
    what: Literal["discovery", "classification", "message", "notice", "voevent"]
    live: Annotated[bool, Field(description="Whether it is sent; else what would be sent is only shown.")] = False
    visibility: Annotated[str, Field(pattern=VISIBILITY)] = PUBLIC
    title: Line = ""
    text: Text = ""
    at_type: Annotated[Line, Field(description="Of a discovery: psn, agn, nuc, pnv, frb, other.")] = "psn"
    label: Annotated[StatementId | None, Field(description="Of a classification: the label that is reported.")] = None
    tns_name: Annotated[Line, Field(description="Of a classification: name of the object at TNS.")] = ""
    instrument_id: Annotated[Line, Field(description="Of a classification: id that TNS has for it.")] = ""
    spectrum_type_id: Annotated[Line, Field(description="Of a classification: id that TNS has for it.")] = ""
    cites: Annotated[list[Cited], Field(max_length=20, description="Of a VOEvent.")] = Field(default_factory=list)


@dataclass(frozen=True)
class _Made:
    """A report, what it goes by, and the file that belongs to it."""

    rule: str
    night: dt.date
    report: Facts
    content: bytes | None = None


@dataclass(frozen=True)
class _Material:
    """What a report is made of."""

    log: Log
    speaker: Person
    service: Service
    wish: ReportWish
    found: Discovery
    now: dt.datetime


def ask_report(log: Log, speaker: Person, service: Service, wish: ReportWish, found: Discovery) -> Request:
    """Make a report and ask that it is sent; the same again is the report that there is.

    Parameters
    ----------
    log, speaker
        Where, and who asks.
    service, wish
        Where it goes, and what is wished.
    found
        The object.

    Raises
    ------
    ConfigError
        When the service does not take such a report, or it lacks something.
    NotSaid
        When it may not be said, when others have asked for the same, or when there were enough.
    """
    if wish.what not in service.takes:
        raise ConfigError(f"{service.service} takes no {wish.what}: it takes {', '.join(service.takes)}")
    points = found.points[-MOST_POINTS:]
    now = dt.datetime.now(dt.UTC)
    made = _MAKERS[wish.what](_Material(log, speaker, service, wish, replace(found, points=points), now))
    body = {"facility": service.service, "rule": made.rule, "night": made.night.isoformat(), "live": wish.live,
            "report": made.report, "text": wish.text}  # fmt: skip
    place = {"ra": found.ra_deg, "dec": found.dec_deg}
    draft = {"survey": wish.survey, "object_id": wish.object_id, **place, "visibility": wish.visibility, "body": body}
    file = {} if made.content is None else {"content": made.content, "content_type": "text/plain"}
    return ask(log, speaker, {**draft, **file}, most=service.quota_per_night, kind=Kind.PUBLICATION)


def _discovery(told: _Material) -> _Made:
    entry = at_report(told.found, told.service.signed, told.wish.at_type)
    return _Made(DISCOVERY, told.found.first.at.date(), {"at_report": entry})


def _classification(told: _Material) -> _Made:
    wish = told.wish
    if wish.label is None or not wish.tns_name:
        raise ConfigError("a classification report names its label (a statement) and the tns_name of the object")
    label = _of_object(told, wish.label, Kind.CLASSIFICATION)
    spectrum = _of_object(told, json.loads(label["body"]).get("spectrum") or wish.label, Kind.SPECTRUM)
    taken_by = Spectrograph(wish.instrument_id, wish.spectrum_type_id)
    entry = classification_report(label, spectrum, told.service.signed, wish.tns_name, taken_by)
    at = dt.datetime.fromisoformat(json.loads(spectrum["body"])["observed_at"])
    rule = f"{CLASSIFICATION}.{wish.label}"
    return _Made(rule, at.date(), {"classification_report": entry}, spectrum_file(spectrum).encode())


def _of_object(told: _Material, name: str, kind: Kind) -> Facts:
    """Return a statement about the object that the speaker may see, and that stands."""
    rows = told.log.now().select(told.speaker, [kind], survey=told.wish.survey, object_id=told.wish.object_id)
    found = next((row for row in rows if row["statement_id"] == name), None)
    if found is None:
        needs = "a label that was read off an uploaded spectrum" if kind is Kind.SPECTRUM else f"a {kind} {name}"
        raise NotSaid(f"{told.wish.object_id} has not {needs} that stands: TNS takes no other", 404)
    if found["visibility"] not in {PUBLIC, told.wish.visibility}:
        raise NotSaid(f"the report would show a {kind} that only {found['visibility']} may see: ask for it with that "
                      "visibility", 403)  # fmt: skip
    return found


def _message(told: _Material) -> _Made:
    wish = told.wish
    message = hermes_message(
        told.found, title=wish.title or f"{wish.object_id} of {wish.survey.upper()}", text=wish.text,
        authors=told.service.reporter, submitter=told.service.reporter, topic=told.service.topic,
    )  # fmt: skip
    return _Made(_named(MESSAGE, wish.title, wish.text), told.now.date(), message)


def _notice(told: _Material) -> _Made:
    return _Made(NOTICE, told.now.date(), gcn_notice(told.found, {}, told.now))


def _voevent(told: _Material) -> _Made:
    wish, service = told.wish, told.service
    cites = [(one.uri, str(one.relation)) for one in wish.cites]
    rule, night = _named(VOEVENT, wish.text, *(uri for uri, _ in cites)), told.now.date()
    key = request_key(wish.survey, wish.object_id, service.service, rule, night.isoformat())
    ivorn = f"ivo://{told.log.authority}/{wish.survey}#report.{key}"
    packet = voevent(told.found, ivorn, service.reporter, told.now, cites=cites, role=service.role, why=wish.text)
    return _Made(rule, night, {"ivorn": ivorn, "voevent": packet.decode()})


def _named(what: str, *words: str) -> str:
    """Return the name of a report by its words: other words are another report."""
    said = json.dumps(words)
    return f"{what}.{hashlib.sha256(said.encode()).hexdigest()[:12]}"


_MAKERS: Mapping[str, Callable[[_Material], _Made]] = {
    DISCOVERY: _discovery,
    CLASSIFICATION: _classification,
    MESSAGE: _message,
    NOTICE: _notice,
    VOEVENT: _voevent,
}
