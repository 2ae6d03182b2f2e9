"""The life of a request: which state follows which."""

from collections.abc import Mapping
from enum import StrEnum

from fink_lib.errors import FinkError


class State(StrEnum):
    """How a request stands."""

    REQUESTED = "requested"
    CHECKED = "checked"
    UNOBSERVABLE = "unobservable"
    APPROVED = "approved"
    REJECTED = "rejected"
    DRY_RUN = "dry_run"
    SUBMITTING = "submitting"
    DELAYED = "delayed"
    SUBMITTED = "submitted"
    UNCERTAIN = "uncertain"
    REFUSED = "refused"
    DUPLICATE = "duplicate"
    COMPLETED = "completed"
    EXPIRED = "expired"
    FAILED = "failed"
    CANCELLED = "cancelled"


NEXT: Mapping[State, frozenset[State]] = {
    State.REQUESTED: frozenset({State.CHECKED, State.UNOBSERVABLE, State.CANCELLED}),
    State.CHECKED: frozenset({State.APPROVED, State.REJECTED, State.CANCELLED, State.EXPIRED}),
    State.APPROVED: frozenset({State.DRY_RUN, State.SUBMITTING, State.CANCELLED, State.EXPIRED}),
    State.SUBMITTING: frozenset(
        {State.SUBMITTED, State.REFUSED, State.DUPLICATE, State.DELAYED, State.UNCERTAIN, State.COMPLETED}
    ),
    State.DELAYED: frozenset({State.SUBMITTING, State.CANCELLED, State.EXPIRED}),
    State.SUBMITTED: frozenset(  # a service takes a report first and judges it later
        {State.COMPLETED, State.EXPIRED, State.FAILED, State.CANCELLED, State.REFUSED, State.DUPLICATE}
    ),
    State.UNCERTAIN: frozenset({State.SUBMITTED, State.CANCELLED, State.COMPLETED}),  # by a person who asked
}
ENDS = frozenset(State) - frozenset(NEXT)


class WrongStep(FinkError):
    """A request cannot go from one state to another."""


def check_step(now: State, following: State) -> None:
    """Make sure that a state may follow another.

    Parameters
    ----------
    now
        State that a request is in.
    following
        State that it would have next.

    Raises
    ------
    WrongStep
        When it may not.
    """
    if following not in NEXT.get(now, frozenset()):
        raise WrongStep(f"a request that is {now} cannot become {following}")
