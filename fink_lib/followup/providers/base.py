"""What a way to a facility does: make a payload, send it, find it again, tell how it stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fink_lib.followup.states import State


@dataclass(frozen=True)
class Answer:
    """What a facility said.

    Attributes
    ----------
    state
        What the request becomes by it; None where it stays as it is.
    external_id
        Its name at the facility.
    reason
        One sentence.
    content, status_code
        The answer as it came.
    wait_s
        How long to wait before asking again, where the facility says so.
    results
        Addresses of what was observed.
    """

    state: State | None
    external_id: str = ""
    reason: str = ""
    content: bytes = b""
    status_code: int | None = None
    wait_s: float | None = None
    results: tuple[str, ...] = ()


class Provider(Protocol):
    """A way to a facility.

    Attributes
    ----------
    can_find
        Whether it can be asked if a request of ours arrived.
    """

    can_find: bool

    def payload(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return what would be sent for a request: statement with ``body``, ``ra``, ``dec``, ``object_id``."""

    def submit(self, payload: Mapping[str, Any]) -> Answer:
        """Send a request; once a call, whatever comes back."""

    def find(self, payload: Mapping[str, Any]) -> Answer | None:
        """Return how a request stands that may have arrived; None where the facility does not have it."""

    def poll(self, external_id: str) -> Answer:
        """Return how a request stands."""

    def cancel(self, external_id: str) -> Answer:
        """Take a request back."""

    def close(self) -> None:
        """Let go of connections."""
