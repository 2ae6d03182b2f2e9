"""Where a request stands, and which way it may go from there."""

from collections.abc import Mapping
from enum import StrEnum

from fink_lib.errors import ReprocessRefused


class State(StrEnum):
    """The life of a request."""

    REQUESTED = "requested"
    PLANNED = "planned"
    CANDIDATE = "candidate"  # candidate tables are there
    COMPARED = "compared"
    PROMOTING = "promoting"  # a promotion was begun: it is finished by promoting again
    PROMOTED = "promoted"
    UNDOING = "undoing"
    UNDONE = "undone"
    DISCARDED = "discarded"


# A state that is its own successor may be repeated: the step replaces what it wrote before.
NEXT: Mapping[State, frozenset[State]] = {
    State.REQUESTED: frozenset({State.PLANNED, State.DISCARDED}),
    State.PLANNED: frozenset({State.PLANNED, State.CANDIDATE, State.DISCARDED}),
    State.CANDIDATE: frozenset({State.CANDIDATE, State.COMPARED, State.DISCARDED}),
    State.COMPARED: frozenset({State.CANDIDATE, State.COMPARED, State.PROMOTING, State.DISCARDED}),
    State.PROMOTING: frozenset({State.PROMOTING, State.PROMOTED}),
    State.PROMOTED: frozenset({State.UNDOING}),
    State.UNDOING: frozenset({State.UNDOING, State.UNDONE}),
    State.UNDONE: frozenset({State.DISCARDED}),
    State.DISCARDED: frozenset(),
}
TOUCHED_LIVE = frozenset({State.PROMOTING, State.PROMOTED, State.UNDOING})
EVER_LIVE = TOUCHED_LIVE | {State.UNDONE}


def check_step(request_id: str, now: State, wanted: State) -> None:
    """Refuse a step that does not follow.

    Parameters
    ----------
    request_id
        For the sentence.
    now
        Where the request stands.
    wanted
        Where it is to go.

    Raises
    ------
    ReprocessRefused
        With what is possible instead.
    """
    if wanted in NEXT[now]:
        return
    ways = ", ".join(sorted(NEXT[now] - {now})) or "nothing: it is at its end"
    raise ReprocessRefused(f"request {request_id} is {now} and cannot become {wanted}; from here: {ways}")
