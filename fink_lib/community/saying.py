"""Saying something: who may say what about what, checked against what stands, then written once."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fink_lib import __version__
from fink_lib.community.draft import Draft
from fink_lib.community.ids import uuid7
from fink_lib.community.kinds import PUBLIC, STEPWISE, WISHES, Kind, Origin
from fink_lib.community.log import Log
from fink_lib.community.people import Person
from fink_lib.community.reactions import why_not
from fink_lib.community.state import State
from fink_lib.community.taxonomy import check_label
from fink_lib.community.watch import read_region
from fink_lib.errors import FinkError

Row = dict[str, Any]
COMPARED = (
    *("kind", "survey", "object_id", "alert_id", "about_night", "about_statement", "ra", "dec", "agent_version"),
    *("taxonomy", "label", "probability", "visibility", "supersedes", "cites", "body", "content_type"),
)


class NotSaid(FinkError):
    """A statement may not be written.

    Parameters
    ----------
    message
        Why.
    status
        HTTP status that says so.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def say(
    log: Log,
    speaker: Person,
    drafts: Sequence[Draft],
    origin: Origin | None = None,
    check: Callable[[State], None] | None = None,
) -> list[Row]:
    """Write statements, all or none; return them as they stand in the log, in the order of the drafts.

    Parameters
    ----------
    log
        Where.
    speaker
        Who answers for them.
    drafts
        What is said. One under a key that its author used before is that statement, and is not written again.
    origin
        Where they come from; a person or a program by the speaker when not given.
    check
        Looks at the newest state before they are written, and raises where they may not be. What has a life of steps
        (`STEPWISE`) is said with one alone, so that nobody approves or sends by a statement of his own.

    Raises
    ------
    NotSaid
        Naming what is wrong.
    """
    if not speaker.name:
        raise NotSaid("log in first: what is said has an author", 401)
    if check is None and any(draft.kind in STEPWISE for draft in drafts):
        raise NotSaid(
            "observations and reports are asked for and decided on at /api/v1/community/followup, reports", 403
        )
    _check_maps(drafts, log.most_map_deg2)
    told_by = origin or (Origin.PROGRAM if speaker.is_program else Origin.PERSON)
    writer = _Writer(speaker, drafts, told_by, check, log.authority)
    log.append(writer.rows)
    return [{name: value for name, value in row.items() if name not in {"content", "month"}} for row in writer.held]


@dataclass
class _Writer:
    """Makes rows of drafts, against whichever state is the newest."""

    speaker: Person
    drafts: Sequence[Draft]
    origin: Origin
    check: Callable[[State], None] | None
    authority: str
    held: list[Row] = field(default_factory=list)

    def rows(self, state: State, now: dt.datetime) -> list[Row]:
        """Return the rows that are new; `held` has those of all drafts."""
        if self.check is not None:
            self.check(state)
        self.held, new = [], []
        for at, draft in enumerate(self.drafts):
            row = self._row(draft, now + dt.timedelta(microseconds=at))
            known = self._known(draft, row, state)
            if known is None:
                _check(draft, self.speaker, state)
                new.append(row)
            self.held.append(row if known is None else known)
        _check_once(new)
        return new

    def _row(self, draft: Draft, at: dt.datetime) -> Row:
        name = uuid7(int(at.timestamp() * 1_000_000))
        return {
            "month": at.date().replace(day=1),
            "statement_id": name,
            "kind": str(draft.kind),
            "at": at,
            "survey": draft.survey,
            "object_id": draft.object_id,
            "alert_id": draft.alert_id,
            "about_night": None if draft.about_night is None else dt.date.fromisoformat(draft.about_night),
            "about_statement": draft.about_statement,
            "ra": draft.ra,
            "dec": draft.dec,
            "author": self.speaker.name,
            "origin": str(self.origin),
            "agent_version": draft.agent_version,
            "taxonomy": draft.taxonomy,
            "label": draft.label,
            "probability": draft.probability,
            "visibility": draft.visibility,
            "supersedes": draft.supersedes,
            "cites": [one.model_dump() for one in draft.cites],
            "ivorn": f"ivo://{self.authority}/community#{name}" if draft.visibility == PUBLIC else None,
            "idempotency_key": draft.idempotency_key,
            "code_version": __version__,
            "body": draft.body_json,
            "content_type": draft.content_type,
            "content": draft.content,
        }

    def _known(self, draft: Draft, row: Row, state: State) -> Row | None:
        """Return the statement that the author made under the key of a draft."""
        key = draft.idempotency_key
        known = None if key is None else state.of_key(self.speaker.name, key)
        if known is not None and any(known[name] != row[name] for name in COMPARED):
            raise NotSaid(f"'{key}' is the key of another statement, {known['statement_id']}", 409)
        return known


def _check(draft: Draft, speaker: Person, state: State) -> None:
    if draft.visibility not in speaker.sees:
        raise NotSaid(f"'{speaker.name}' may not speak to {draft.visibility}: it is no member", 403)
    if draft.taxonomy is not None and draft.label is not None:
        check_label(draft.taxonomy, draft.label)
    if draft.about_statement is not None:
        _check_target(draft, speaker, state)
    if draft.supersedes is not None:
        _check_replaced(draft, speaker, state)
    if draft.kind == Kind.REACTION and (reason := why_not(draft, speaker.name, state)) is not None:
        raise NotSaid(reason, 409)
    if draft.kind == Kind.CLASSIFICATION:
        _check_spectrum(draft, speaker, state)
    for one in draft.cites:
        name = one.uri.removeprefix("fink:statement/")
        if name != one.uri and not _seen(state, speaker, name):
            raise NotSaid(f"there is no statement {name} to cite", 404)


def _seen(state: State, speaker: Person, name: str) -> Row | None:
    """Return a statement that somebody may see; one that he may not see is one that there is not."""
    row = state.get(name)
    return row if row is not None and speaker.may_see(row["visibility"]) else None


def _check_target(draft: Draft, speaker: Person, state: State) -> None:
    target = _seen(state, speaker, draft.about_statement or "")
    if target is None:
        raise NotSaid(f"there is no statement {draft.about_statement}", 404)
    if draft.visibility != target["visibility"] and target["visibility"] != PUBLIC:
        raise NotSaid(f"it is about what only {target['visibility']} may see: say it to them", 403)
    if draft.kind == Kind.VOTE and target["kind"] != Kind.CLASSIFICATION:
        raise NotSaid("votes are about classifications")
    if draft.kind == Kind.FOLLOWUP_STATE and target["kind"] not in WISHES:
        raise NotSaid("states are those of follow-up requests and reports")


def _check_spectrum(draft: Draft, speaker: Person, state: State) -> None:
    """Ask that a label that rests on a spectrum names one, of its object: such labels are counted apart."""
    name = draft.checked_body["spectrum"]
    found = None if name is None else _seen(state, speaker, name)
    if name is not None and (
        found is None
        or found["kind"] != Kind.SPECTRUM
        or (found["survey"], found["object_id"]) != (draft.survey, draft.object_id)
    ):
        raise NotSaid(f"there is no spectrum {name} of this object to read a label off", 404)


def _check_replaced(draft: Draft, speaker: Person, state: State) -> None:
    old = _seen(state, speaker, draft.supersedes or "")
    if old is None:
        raise NotSaid(f"there is no statement {draft.supersedes} to replace", 404)
    if Kind(old["kind"]) in STEPWISE:
        raise NotSaid("a request or report and its steps stay: cancel the request", 403)
    own = old["author"] == speaker.name
    if not own and not (draft.kind == Kind.WITHDRAWAL and speaker.acts_for(old["visibility"])):
        raise NotSaid("only its author replaces a statement; an admin of its group may withdraw it", 403)
    if draft.kind not in {Kind.WITHDRAWAL, Kind(old["kind"])}:
        raise NotSaid(f"a {old['kind']} is replaced by a {old['kind']}, or withdrawn")
    if (other := state.replaced_by(draft.supersedes or "")) is not None:
        raise NotSaid(f"it was replaced already, by {other}: look at that one first", 409)


def _check_maps(drafts: Sequence[Draft], most_deg2: float) -> None:
    """Refuse maps that are too large: by what they hold, not by what is said of it."""
    for draft in drafts:
        if draft.kind == Kind.WATCH_MAP and draft.content is not None:
            area = read_region(draft.content).area_deg2
            if area > most_deg2:
                raise NotSaid(
                    f"the watch map has {area:,.0f} square degrees, of at most {most_deg2:,.0f}: upload a smaller one, "
                    "or ask the operator for a larger FINK_WATCH_MAP_MAX_DEG2",
                    413,
                )


def _check_once(rows: Sequence[Row]) -> None:
    """Refuse what contradicts itself within one call, and rules that were not counted beside each other."""
    if sum(row["kind"] == Kind.REACTION for row in rows) > 1:
        raise NotSaid("a call makes one reaction at most: make each by a call of its own")
    for name in ("idempotency_key", "supersedes"):
        named = [row[name] for row in rows if row[name] is not None]
        if len(set(named)) < len(named):
            raise NotSaid(f"two statements of one call have the same {name}")
