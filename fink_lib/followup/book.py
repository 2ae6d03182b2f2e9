"""Requests in the community's log: asked for once, each step once."""

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from fink_lib.community.bodies import is_former
from fink_lib.community.draft import Draft
from fink_lib.community.kinds import WISHES, Kind
from fink_lib.community.log import Log
from fink_lib.community.people import Broker, Person
from fink_lib.community.saying import NotSaid, say
from fink_lib.community.state import State as Statements
from fink_lib.errors import FinkError
from fink_lib.followup.states import ENDS, State, check_step

Row = dict[str, Any]
SHOWN_OF_ANSWER = 2_000
_MANY: Mapping[Kind, str] = {Kind.FOLLOWUP_REQUEST: "observations", Kind.PUBLICATION: "reports"}
CAME_TO_NOTHING = frozenset({State.UNOBSERVABLE, State.REJECTED, State.CANCELLED, State.REFUSED})


@dataclass(frozen=True)
class Request:
    """A request as it stands.

    Attributes
    ----------
    row, body
        Its statement, and what that says.
    state, step, since
        How it stands, after how many steps, since when.
    external_id
        Its name at the facility; empty before it has one.
    reason
        What the last step said.
    """

    row: Mapping[str, Any]
    body: Mapping[str, Any]
    state: State
    step: int
    since: dt.datetime
    external_id: str
    reason: str

    @property
    def key(self) -> str:
        """Name of the request: the same wish has the same."""
        return str(self.body["request_key"])

    @property
    def is_over(self) -> bool:
        """Whether nothing further happens to it."""
        return self.state in ENDS


def request_key(survey: str, object_id: str, facility: str, rule: str, night: str) -> str:
    """Return the name of a wish: the same object, facility, rule and night is the same wish.

    Parameters
    ----------
    survey, object_id
        The object.
    facility
        Name of the facility.
    rule
        Name of what asks.
    night
        Date that the night begins on, as text.
    """
    said = json.dumps([survey, object_id, facility, rule, night])
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def ask(
    log: Log, speaker: Person, draft: Mapping[str, Any], *, most: int, kind: Kind = Kind.FOLLOWUP_REQUEST
) -> Request:
    """Ask for an observation, or for a report to be sent; the same wish again is the request that there is.

    Parameters
    ----------
    log, speaker
        Where, and who asks.
    draft
        ``survey``, ``object_id``, ``ra``, ``dec``, ``visibility``, and ``body`` with facility, rule, night, live,
        and the observation, or the report.
    most
        How many requests a rule may make of a facility for a night; those that came to nothing are not counted.
    kind
        Which of the two is wished.

    Raises
    ------
    NotSaid
        When it may not be said, when others have asked for the same, or when the rule has asked for enough.
    """
    body = dict(draft["body"])
    key = request_key(draft["survey"], draft["object_id"], body["facility"], body["rule"], body["night"])
    wish = Draft.of({**draft, "kind": kind, "body": {**body, "request_key": key}})
    if wish.ra is None:
        raise NotSaid("a request names a place: ra, dec")

    def first(state: Statements) -> None:
        if (known := _of_key(state, key)) is not None:
            raise _AskedAlready(known)
        if _count(state, body) >= most:
            raise NotSaid(f"{body['rule']} asks {body['facility']} for {most} {_MANY[kind]} of a night at most", 429)

    try:
        row = say(log, speaker, [wish], check=first)[0]
    except _AskedAlready as known:
        row = known.row
    return _seen(row, log, speaker)


class _AskedAlready(FinkError):
    """The same wish stands in the log."""

    def __init__(self, row: Row) -> None:
        super().__init__("this was asked for already")
        self.row = row


def _seen(row: Row, log: Log, speaker: Person) -> Request:
    if not speaker.may_see(row["visibility"]):
        raise NotSaid("this was asked for already, by others", 409)
    return request_of(log.now(), row)


def _of_key(state: Statements, key: str) -> Row | None:
    rows = _wishes(state, everyone(state), WISHES)
    return next((row for row, body in rows if body["request_key"] == key), None)


def _wishes(state: Statements, reader: Person, kinds: Collection[Kind]) -> list[tuple[Row, Row]]:
    """Return statements that wish for something, each with its body; what was said of reports before is no wish."""
    told = [(row, json.loads(row["body"])) for row in state.select(reader, kinds)]
    return [(row, body) for row, body in told if not is_former(row["kind"], body)]


def _count(state: Statements, body: Mapping[str, Any]) -> int:
    """Return how many requests of the same rule, facility and night there are that did not come to nothing."""
    told = _wishes(state, everyone(state), WISHES)
    mine = [row for row, one in told if all(one[name] == body[name] for name in ("facility", "rule", "night"))]
    return sum(request_of(state, row).state not in CAME_TO_NOTHING for row in mine)


def everyone(state: Statements) -> Person:
    """Return a reader who may see every statement that there is: the broker itself."""
    return Broker(visibilities=tuple(one for one in state.rows["visibility"].unique().to_pylist() if one is not None))


def requests(log: Log, reader: Person | None = None, kinds: Collection[Kind] = WISHES) -> list[Request]:
    """Return the requests, oldest first, as they stand.

    Parameters
    ----------
    log
        Where.
    reader
        Who asks; None for the broker itself.
    kinds
        Observations, reports, or both.
    """
    state = log.now()
    rows = _wishes(state, everyone(state) if reader is None else reader, kinds)
    return [request_of(state, row) for row, _ in rows]


def request_of(state: Statements, row: Mapping[str, Any]) -> Request:
    """Return a request as it stands.

    Parameters
    ----------
    state
        What the log says.
    row
        Statement of the request.
    """
    steps = _steps(state, row)
    body = json.loads(row["body"])
    if not steps:
        return Request(row, body, State.REQUESTED, 0, row["at"], "", "")
    told = [json.loads(one["body"]) for one in steps]
    external = next((one["external_id"] for one in reversed(told) if one["external_id"]), "")
    last = told[-1]
    return Request(row, body, State(last["state"]), last["step"], steps[-1]["at"], external, last["reason"])


def _steps(state: Statements, row: Mapping[str, Any]) -> list[Row]:
    found = state.select(everyone(state), [Kind.FOLLOWUP_STATE], about_statement=row["statement_id"])
    return sorted(found, key=lambda one: json.loads(one["body"])["step"])


def history(log: Log, row: Mapping[str, Any]) -> list[Row]:
    """Return every step of a request, oldest first.

    Parameters
    ----------
    log
        Where the steps are.
    row
        Statement of the request; it is no step itself.
    """
    return _steps(log.now(), row)


def advance(
    log: Log,
    request: Request,
    following: State,
    speaker: Person | None = None,
    *,
    reason: str = "",
    external_id: str = "",
    answer: bytes | None = None,
    status_code: int | None = None,
) -> Request:
    """Record a step of a request and return it as it stands then.

    Parameters
    ----------
    log, request, following
        Where, of which request, and what it becomes.
    speaker
        Who does it; the broker when not given.
    reason, external_id
        Why, and its name at the facility.
    answer, status_code
        What the other side said, kept whole.

    Raises
    ------
    WrongStep
        When the state may not follow.
    NotSaid
        When somebody else recorded this step first.
    """
    check_step(request.state, following)
    text = "" if answer is None else answer[:SHOWN_OF_ANSWER].decode("utf-8", "replace")
    body = {
        "step": request.step + 1,
        "state": str(following),
        "external_id": external_id,
        "reason": reason,
        "answer": "".join(sign for sign in text if sign.isprintable() or sign in "\n\t"),
        "status_code": status_code,
    }
    _say_step(log, speaker or everyone(log.now()), _step_draft(request.row, body, answer), request)
    return request_of(log.now(), request.row)


def _step_draft(row: Mapping[str, Any], body: Row, answer: bytes | None) -> Draft:
    about = {name: row[name] for name in ("survey", "object_id", "visibility")}
    kept = {} if answer is None else {"content": answer, "content_type": "application/octet-stream"}
    return Draft.of({"kind": "followup_state", "about_statement": row["statement_id"], "body": body, **about, **kept})


def _say_step(log: Log, who: Person, draft: Draft, request: Request) -> None:
    """Write a step, unless the request has gone on meanwhile: looked at under the lock of the log."""

    def still(state: Statements) -> None:
        if request_of(state, request.row).step != request.step:
            raise NotSaid("this request has gone on meanwhile: look at it again", 409)

    say(log, who, [draft], check=still)
