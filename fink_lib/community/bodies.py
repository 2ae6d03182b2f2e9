"""The shape of what each kind of statement says beyond its columns."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from fink_lib.community.kinds import Kind
from fink_lib.community.texts import (
    LONGEST_LINE,
    LONGEST_NAME,
    LONGEST_TEXT,
    sound_address,
    sound_facts,
    sound_text,
)
from fink_lib.contracts.base import Contract

Line = Annotated[str, AfterValidator(lambda text: sound_text(text, LONGEST_LINE, lines=False))]
Text = Annotated[str, AfterValidator(lambda text: sound_text(text, LONGEST_TEXT))]
Name = Annotated[str, Field(pattern=rf"^[A-Za-z0-9][A-Za-z0-9_.-]{{0,{LONGEST_NAME - 1}}}$")]
Address = Annotated[str, AfterValidator(sound_address)]
Facts = Annotated[dict[str, Any], AfterValidator(sound_facts)]
MOST_OF_LIST = 100_000
SOME, NEEDED = 200, 1


def utc(value: Any) -> Any:
    """Read an ISO time; one without a zone is UTC.

    Raises
    ------
    ValueError
        When it is none.
    """
    if not isinstance(value, str):
        return value
    at = dt.datetime.fromisoformat(value)
    return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)


def night(text: str) -> str:
    """Return a night as it is written, ``2026-01-20``.

    Raises
    ------
    ValueError
        When there is none of that date.
    """
    if dt.date.fromisoformat(text).isoformat() != text:
        raise ValueError("write it as 2026-01-20")
    return text


Night = Annotated[str, AfterValidator(night)]
Time = Annotated[dt.datetime, BeforeValidator(utc)]


class Note(Contract):
    """What needs no more than some words."""

    name: ClassVar[str] = "note"
    text: Annotated[Text, Field(description="Some words.")] = ""


class Comment(Contract):
    """Words about something; ``@name`` in them calls somebody."""

    name: ClassVar[str] = "comment"
    text: Annotated[Text, Field(min_length=NEEDED)]


class Label(Contract):
    """What a label rests on, where its columns do not say it."""

    name: ClassVar[str] = "classification"
    text: Text = ""
    spectrum: Annotated[str | None, Field(description="The statement with the spectrum that it was read off.")] = None
    external_name: Annotated[Line | None, Field(description="Name of the object where the label is from.")] = None


class Vote(Contract):
    """For or against a label."""

    name: ClassVar[str] = "vote"
    value: Literal[-1, 1]
    text: Text = ""


class Annotation(Contract):
    """What a named annotator says; a later version of the same annotator on the same object replaces it by hand."""

    name: ClassVar[str] = "annotation"
    annotator: Name
    version: Line = ""
    classification: Line = ""
    explanation: Text = ""
    url: Address | None = None
    values: Facts = Field(default_factory=dict)


class Claim(Contract):
    """Somebody is on an object, until a time."""

    name: ClassVar[str] = "claim"
    until: Time
    intent: Line = ""


class Board(Contract):
    """What a group's board is filled from."""

    name: ClassVar[str] = "board"
    board: Name
    filters: Annotated[list[Name], Field(max_length=100)] = Field(default_factory=list)
    watches: Annotated[list[Name], Field(max_length=100)] = Field(default_factory=list)


class Candidate(Contract):
    """How an object stands on the board of a group."""

    name: ClassVar[str] = "candidate"
    board: Name
    state: Literal["inbox", "in_work", "waiting", "done", "rejected"]
    priority: Annotated[int, Field(ge=0, le=5)] = 3
    source: Annotated[Line, Field(description="Filter or watch list that it is from.")] = ""
    text: Text = ""


class WatchEntry(Contract):
    """A place that is watched."""

    name: ClassVar[str] = "watch entry"
    label: Line = ""
    ra: Annotated[float, Field(ge=0, lt=360, description="deg")]
    dec: Annotated[float, Field(ge=-90, le=90, description="deg")]
    radius_arcsec: Annotated[float, Field(gt=0, le=3600)]


class WatchList(Contract):
    """Places that somebody watches."""

    name: ClassVar[str] = "watch list"
    list_name: Name
    entries: Annotated[int, Field(ge=1, le=MOST_OF_LIST)]
    active: bool = True
    text: Text = ""


class WatchMap(Contract):
    """A region that somebody watches."""

    name: ClassVar[str] = "watch map"
    list_name: Name
    area_deg2: Annotated[float, Field(gt=0, le=41_253)]
    order: Annotated[int, Field(ge=0, le=29, description="Finest HEALPix order of the map.")]
    active: bool = True
    text: Text = ""


class WatchMatch(Contract):
    """An alert in what somebody watches."""

    name: ClassVar[str] = "watch match"
    watch: str
    list_name: Name
    entry: Line = ""
    separation_arcsec: float | None = None


class Photometry(Contract):
    """Measured brightness."""

    name: ClassVar[str] = "photometry"
    instrument: Annotated[Line, Field(min_length=NEEDED)]
    observer: Line = ""
    unit: Literal["mag", "nJy", "uJy", "mJy"]
    points: Annotated[list[Facts], Field(min_length=NEEDED, max_length=10_000)]
    text: Text = ""


class Spectrum(Contract):
    """A spectrum."""

    name: ClassVar[str] = "spectrum"
    instrument: Annotated[Line, Field(min_length=NEEDED)]
    observer: Line = ""
    observed_at: Time
    wavelength_unit: Literal["Angstrom", "nm"]
    flux_unit: Line = ""
    wavelength: Annotated[list[float], Field(min_length=2, max_length=50_000)]
    flux: Annotated[list[float], Field(min_length=2, max_length=50_000)]
    flux_err: list[float] | None = None
    text: Text = ""


class Reaction(Contract):
    """A filter that fires on what somebody says: the newest alert of the object leaves on its topic."""

    name: ClassVar[str] = "reaction"
    reaction: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,47}$", description="Its topic is named after it.")]
    kinds: Annotated[list[Literal["annotation", "classification", "tag"]], Field(min_length=NEEDED)]
    annotator: Name | None = None
    label: Line | None = None
    author: Annotated[Name | None, Field(description="Account that must have said it.")] = None
    min_probability: Annotated[float, Field(ge=0, le=1)] = 0.0
    predicate: Annotated[str, Field(max_length=4_000, description="SQL over columns of silver.")] = ""
    active: bool = True


class FollowupRequest(Contract):
    """A wish for an observation."""

    name: ClassVar[str] = "followup request"
    request_key: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    facility: Name
    rule: Name
    night: Night
    live: bool = False
    observation: Facts
    text: Text = ""


class FollowupState(Contract):
    """A step in the life of a request."""

    name: ClassVar[str] = "followup state"
    step: Annotated[int, Field(ge=1)]
    state: Name
    external_id: Line = ""
    reason: Text = ""
    answer: Annotated[str, Field(max_length=32_000, description="What the other side said, as it came.")] = ""
    status_code: int | None = None


class Publication(Contract):
    """A report to others, before it is sent; what becomes of it is told as of requests, by steps."""

    name: ClassVar[str] = "publication"
    request_key: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    facility: Annotated[Name, Field(description="The service that it goes to.")]
    rule: Annotated[Name, Field(description="What kind of report it is, and of what.")]
    night: Night
    live: bool = False
    report: Annotated[Facts, Field(description="What is sent, as whoever approves it reads it.")]
    text: Text = ""


def is_former(kind: str, body: Mapping[str, Any]) -> bool:
    """Tell whether a statement tells of a report as they did before reports had steps: nobody wishes it to be sent.

    Parameters
    ----------
    kind, body
        Of the statement.
    """
    return kind == Kind.PUBLICATION and "service" in body and "request_key" not in body


BODIES: Mapping[Kind, type[Contract]] = {
    Kind.CLASSIFICATION: Label,
    Kind.VOTE: Vote,
    Kind.COMMENT: Comment,
    Kind.ANNOTATION: Annotation,
    Kind.TAG: Note,
    Kind.CLAIM: Claim,
    Kind.BOARD: Board,
    Kind.CANDIDATE: Candidate,
    Kind.CITATION: Note,
    Kind.WATCH_LIST: WatchList,
    Kind.WATCH_MAP: WatchMap,
    Kind.WATCH_MATCH: WatchMatch,
    Kind.PHOTOMETRY: Photometry,
    Kind.SPECTRUM: Spectrum,
    Kind.REACTION: Reaction,
    Kind.FOLLOWUP_REQUEST: FollowupRequest,
    Kind.FOLLOWUP_STATE: FollowupState,
    Kind.PUBLICATION: Publication,
    Kind.WITHDRAWAL: Note,
}
