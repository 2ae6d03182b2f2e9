"""Who asks, for everything that a request calls: nobody, until a request says otherwise.

Questions to the lake take their rules from here, so that no route can forget them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from fink_lib.accounts.claims import ANONYMOUS, Claims


@dataclass(frozen=True)
class Asking:
    """One request: who asks, and the rights that it made use of so far."""

    claims: Claims = ANONYMOUS
    used: set[str] = field(default_factory=set)


_NOW: ContextVar[Asking | None] = ContextVar("asking", default=None)


def asking() -> Asking:
    """Return who asks now."""
    return _NOW.get() or Asking()


@contextmanager
def asked_by(claims: Claims) -> Iterator[Asking]:
    """Let everything within be asked by somebody; threads that are started for it are told too."""
    made = Asking(claims)
    token = _NOW.set(made)
    try:
        yield made
    finally:
        _NOW.reset(token)
