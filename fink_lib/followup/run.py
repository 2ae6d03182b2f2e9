"""Moving every request on as far as it goes: checked, sent once, followed to its end, cited.

One run at a time. A step that reaches out is recorded before it is made; a run that finds it without an end asks the
facility by the name of the request, and sends again only where the facility certainly does not have it.
"""

import datetime as dt
import json
import logging
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from fink_lib.community.draft import Draft
from fink_lib.community.kinds import Kind, Origin
from fink_lib.community.log import Log
from fink_lib.community.people import BROKER, Person
from fink_lib.community.saying import NotSaid, say
from fink_lib.errors import FinkError
from fink_lib.followup.asked import Asked
from fink_lib.followup.book import Request, advance, everyone, requests
from fink_lib.followup.facilities import Facilities
from fink_lib.followup.providers.base import Answer, Provider
from fink_lib.followup.states import State
from fink_lib.locks import locked

logger = logging.getLogger(__name__)

ATTEMPTS, LONGEST_PAUSE_S = 4, 5.0
GRACE_S = 120.0  # a post that was on its way when its sender died arrives within this, or never


@dataclass(frozen=True)
class Runner:
    """What moves requests on.

    Attributes
    ----------
    log, facilities
        Which log, and whom it may ask.
    lock
        File that one run holds.
    clock
        What time it is (UTC).
    pause
        Waits some seconds.
    grace_s
        How long after a run died a facility is asked whether the request arrived.
    """

    log: Log
    facilities: Facilities
    lock: Path
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    pause: Callable[[float], None] = time.sleep
    grace_s: float = GRACE_S

    def run(self) -> Counter[State]:
        """Move every request on; return how many stand how."""
        with locked(self.lock):
            return Counter(self._move(one).state for one in requests(self.log) if not one.is_over)

    def _move(self, request: Request) -> Request:
        """Move a request on until it waits for somebody."""
        try:
            while True:
                moved = self._step(request)
                if moved is None:
                    return request
                request = moved
        except (httpx.HTTPError, FinkError, ValueError, KeyError, TypeError, AttributeError) as error:
            # whatever one facility answers, the other requests are moved on
            logger.warning("request=%s stays %s: %s: %s", request.key, request.state, type(error).__name__, error)
            return request

    def _step(self, request: Request) -> Request | None:
        """Do what is to do next for a request; None where it waits."""
        if request.is_over or (facility := self.facilities.by_name.get(request.body["facility"])) is None:
            return None
        if request.state is State.REQUESTED:
            return self._check(request, facility)
        is_past = facility.is_past(request.body, self.clock().date())
        if request.state in {State.CHECKED, State.APPROVED, State.DELAYED} and is_past:
            return advance(self.log, request, State.EXPIRED, reason="its night is over")
        if request.state in {State.APPROVED, State.DELAYED, State.SUBMITTING, State.SUBMITTED}:
            with closing(self.facilities.provider(facility)) as provider:
                return self._with(provider, request, facility)
        return None

    def _with(self, provider: Provider, request: Request, facility: Asked) -> Request | None:
        if request.state is State.SUBMITTED:
            return self._poll(provider, request)
        payload = provider.payload(self._wish(request, facility))
        if request.state is State.APPROVED and not (facility.live and request.body["live"]):
            why = "dry run: " + ("the request is not live" if facility.live else "the facility is not live")
            return advance(self.log, request, State.DRY_RUN, reason=why, answer=_bytes(payload))
        if request.state is State.SUBMITTING:
            return self._ask_whether(provider, request, payload)
        if request.state is State.DELAYED and self.clock() < request.since + _wait(request):
            return None
        return self._send(provider, advance(self.log, request, State.SUBMITTING), payload)

    def _wish(self, request: Request, facility: Asked) -> dict[str, Any]:
        """Return a request as its provider takes it, with the file that belongs to it."""
        kept = request.row["content_type"] is not None
        content = self.log.content(request.row["statement_id"]) if kept else None
        return {**facility.wish(request.row, request.body), "content": content}

    def _check(self, request: Request, facility: Asked) -> Request:
        found = facility.judged(request.row, request.body)
        return advance(self.log, request, found.state, reason=found.reason, answer=_bytes(found.facts))

    def _send(self, provider: Provider, request: Request, payload: dict[str, Any]) -> Request:
        """Send a request; one that was certainly not taken is sent again, after what the facility asks to wait."""
        for attempt in range(ATTEMPTS):
            answer = provider.submit(payload)
            if answer.state is not State.DELAYED:
                break
            wait = max(answer.wait_s or 0.0, 2.0**attempt)
            if wait > LONGEST_PAUSE_S or attempt == ATTEMPTS - 1:
                break
            self.pause(wait)
        if answer.state is State.UNCERTAIN and provider.can_find:
            return self._found_or_waits(provider, request, payload, answer)
        return _recorded(self.log, request, answer)

    def _found_or_waits(self, provider: Provider, request: Request, payload: dict[str, Any], answer: Answer) -> Request:
        """Ask for a request of which nobody knows; where it is not there yet, the next run asks again."""
        found = provider.find(payload)
        if found is not None:
            return _recorded(self.log, request, found)
        logger.warning("request=%s: nobody knows whether it arrived: %s", request.key, answer.reason)
        raise httpx.ReadTimeout("asked for again by the next run")

    def _ask_whether(self, provider: Provider, request: Request, payload: dict[str, Any]) -> Request | None:
        """Settle what a run that died has left."""
        if not provider.can_find:
            reason = "the run that sent it died: ask there whether it arrived"
            return advance(self.log, request, State.UNCERTAIN, reason=reason)
        found = provider.find(payload)
        if found is not None:
            return _recorded(self.log, request, found)
        if self.clock() < request.since + dt.timedelta(seconds=self.grace_s):
            return None
        return self._send(provider, request, payload)

    def _poll(self, provider: Provider, request: Request) -> Request | None:
        answer = provider.poll(request.external_id)
        if answer.state is None:
            return None
        if answer.results:  # before the end is recorded: nobody asks again after that
            self._link(request, answer)
        return _recorded(self.log, request, answer)

    def _link(self, request: Request, answer: Answer) -> None:
        """Cite what was observed, once."""
        row, key = request.row, f"result.{request.key}"
        state = self.log.now()
        if state.of_key(BROKER, key) is not None:
            return
        observed = row["kind"] == Kind.FOLLOWUP_REQUEST
        relation, said = ("followup", "observed by") if observed else ("References", "reported to")
        cites = [{"uri": uri, "relation": relation} for uri in answer.results]
        cites.append({"uri": f"fink:statement/{row['statement_id']}", "relation": "IsDerivedFrom"})
        draft = Draft.of(
            {
                **{name: row[name] for name in ("survey", "object_id", "ra", "dec", "visibility")},
                "kind": "citation",
                "cites": cites,
                "idempotency_key": key,
                "body": {"text": f"{said} {request.body['facility']}"},
            }
        )
        say(self.log, everyone(state), [draft], Origin.FACILITY)


def _recorded(log: Log, request: Request, answer: Answer) -> Request:
    state = answer.state or request.state
    reason = answer.reason if answer.wait_s is None else f"{answer.reason}; wait_s={answer.wait_s:g}"
    return advance(log, request, state, reason=reason, external_id=answer.external_id,
                   answer=answer.content or None, status_code=answer.status_code)  # fmt: skip


def _wait(request: Request) -> dt.timedelta:
    _, _, said = request.reason.rpartition("wait_s=")
    try:
        return dt.timedelta(seconds=float(said))
    except ValueError:
        return dt.timedelta()


def _bytes(facts: object) -> bytes:
    return json.dumps(facts, ensure_ascii=False, sort_keys=True).encode()


@dataclass(frozen=True)
class Desk:
    """Where people decide on requests.

    Attributes
    ----------
    log, facilities
        Which log, and whom it may ask.
    """

    log: Log
    facilities: Facilities


def may_decide(facility: Asked, speaker: Person, request: Request, following: State) -> bool:
    """Tell whether a step is for an account to take: of a person among the approvers, or to cancel one's own.

    Parameters
    ----------
    facility
        Its approvers decide; where it names none, admins of the group that the request was said to.
    speaker
        Who decides; no program and nobody without a name may.
    request
        As it stands.
    following
        State that it would have next.
    """
    own = speaker.name == request.row["author"] and following is State.CANCELLED
    may = speaker.name in facility.approvers if facility.approvers else speaker.acts_for(request.row["visibility"])
    return not speaker.is_program and bool(speaker.name) and speaker.name != BROKER and (may or own)


def decide(desk: Desk, speaker: Person, request: Request, following: State, why: str) -> Request:
    """Approve, reject or cancel a request, or tell what a facility said that cannot be asked; as a person.

    Parameters
    ----------
    desk
        The log, and whom it may ask.
    speaker
        Who decides.
    request
        As it stands.
    following
        State that it is to have next.
    why
        His reason, which the step keeps.

    Raises
    ------
    NotSaid
        When it is not for this account to decide.
    """
    facility = desk.facilities.get(request.body["facility"])
    if not may_decide(facility, speaker, request, following):
        told = ", ".join(facility.approvers) or "an admin of the group that it was asked for"
        raise NotSaid(f"this is for a person to decide: {told}", 403)
    if following in {State.SUBMITTED, State.COMPLETED} and request.state not in {State.UNCERTAIN, State.SUBMITTED}:
        raise NotSaid(f"a request that is {request.state} goes on by itself", 409)
    if following is State.CANCELLED and request.external_id:
        with closing(desk.facilities.provider(facility)) as provider:
            answer = provider.cancel(request.external_id)
        if answer.state is not State.CANCELLED:
            raise NotSaid(f"{request.body['facility']} did not take it back: {answer.reason}", 409)
    return advance(desk.log, request, following, speaker, reason=why)
