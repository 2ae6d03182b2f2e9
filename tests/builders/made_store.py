"""An object store that is a dictionary of this process: its clock, its silence and what it loses are the test's."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime
from http import HTTPStatus

from fink_lib.errors import StoreSilent
from fink_lib.storage.request import Answer

START = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
Ask = Callable[..., Answer]


@dataclass
class MadeStore:
    """Answers as a store does that heeds conditions.

    Attributes
    ----------
    now_s
        Its clock, in seconds.
    silent, losing
        How many of the next requests get no answer, and of the next writes how many are done all the same.
    status
        What the next requests are refused with.
    proxy_s
        By how much the clock is ahead of who writes Date.
    without
        A header that no answer has.
    timeouts_s
        How long each request would have waited.
    """

    now_s: float = 0.0
    silent: int = 0
    losing: int = 0
    status: list[int] = field(default_factory=list)
    proxy_s: float = 0.0
    without: str = ""
    timeouts_s: list[float] = field(default_factory=list)
    kept: dict[str, tuple[str, bytes, float]] = field(default_factory=dict)
    writes: int = 0

    def ask(
        self,
        method: str,
        place: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout_s: float = 60.0,
    ) -> Answer:
        """Stand in the place of `Store.ask`."""
        self.timeouts_s.append(timeout_s)
        if self.silent:
            self.silent -= 1
            raise StoreSilent("the made store does not answer")
        if self.status:
            return self._answer(self.status.pop(0))
        answer = self._done(method, place, headers or {}, body)
        if method == "PUT" and self.losing:
            self.losing -= 1
            raise StoreSilent("the made store loses an answer")
        return answer

    def _done(self, method: str, place: str, headers: Mapping[str, str], body: bytes) -> Answer:
        there = self.kept.get(place)
        if method == "DELETE":
            self.kept.pop(place, None)
            return self._answer(HTTPStatus.NO_CONTENT)
        if method == "GET":
            return self._answer(HTTPStatus.OK if there else HTTPStatus.NOT_FOUND, place)
        is_new, wanted = headers.get("If-None-Match") == "*", headers.get("If-Match")
        if (is_new and there) or (wanted is not None and (there is None or there[0] != wanted)):
            return self._answer(HTTPStatus.PRECONDITION_FAILED)
        self.writes += 1
        self.kept[place] = (f'"{self.writes}"', body, self.now_s)
        return self._answer(HTTPStatus.OK, place)

    def _answer(self, status: int, place: str = "") -> Answer:
        etag, body, at_s = self.kept.get(place, ("", b"", self.now_s))
        told = {"etag": etag, "date": _told(self.now_s + self.proxy_s), "last-modified": _told(at_s)}
        return Answer(status, {name: value for name, value in told.items() if name != self.without}, body)


def _told(at_s: float) -> str:
    return format_datetime(START + dt.timedelta(seconds=at_s), usegmt=True)
