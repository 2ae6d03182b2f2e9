"""How much somebody may ask: requests in a minute, bytes in a day. Counted in memory, by account or by address."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

MINUTE_S, DAY_S = 60.0, 86_400.0
MOST_KNOWN = 100_000  # askers that are remembered; beyond them those of an earlier minute are forgotten


@dataclass
class Used:
    """What somebody used, in windows that begin at the same time for everybody."""

    minute: int = -1
    requests: int = 0
    day: int = -1
    sent: int = 0


@dataclass(frozen=True)
class Left:
    """What is left to somebody: requests, and bytes where they are limited; seconds until there are more."""

    requests: int
    sent: int | None
    wait_s: int
    is_over: bool

    def headers(self, most: int) -> dict[str, str]:
        """Return the headers that tell it."""
        told = {"X-RateLimit-Limit": str(most), "X-RateLimit-Remaining": str(self.requests)}
        told["X-RateLimit-Reset"] = str(self.wait_s)
        return told if self.sent is None else {**told, "X-Quota-Remaining-Bytes": str(self.sent)}


class Limits:
    """Counts what everybody asks.

    Parameters
    ----------
    per_minute
        Requests that one may make in a minute.
    per_day
        Bytes that one is sent in a day; 0 is any number.
    clock
        What time it is, seconds since 1970.
    """

    def __init__(self, per_minute: int, per_day: int, clock: Callable[[], float] = time.time) -> None:
        self.per_minute, self.per_day, self._clock = per_minute, per_day, clock
        self._used: dict[str, Used] = {}
        self._lock = threading.Lock()

    def ask(self, who: str) -> Left:
        """Count a request and return what is left; a request that is one too many is not counted."""
        now = self._clock()
        with self._lock:
            used = self._of(who, now)
            no_bytes = bool(self.per_day) and used.sent >= self.per_day
            if no_bytes or used.requests >= self.per_minute:
                window = DAY_S if no_bytes else MINUTE_S
                return Left(0, self._bytes(used), int(window - now % window) + 1, True)
            used.requests += 1
            left = self.per_minute - used.requests
            return Left(left, self._bytes(used), int(MINUTE_S - now % MINUTE_S) + 1, False)

    def sent(self, who: str, size: int) -> None:
        """Count bytes that were sent.

        Parameters
        ----------
        who
            Account or address, as it was given to `ask`.
        size
            Bytes; not counted where bytes are not limited.
        """
        if self.per_day:
            with self._lock:
                self._of(who, self._clock()).sent += size

    def _bytes(self, used: Used) -> int | None:
        return max(self.per_day - used.sent, 0) if self.per_day else None

    def _of(self, who: str, now: float) -> Used:
        minute, day = int(now // MINUTE_S), int(now // DAY_S)
        if len(self._used) >= MOST_KNOWN and who not in self._used:
            self._used = {
                name: one for name, one in self._used.items() if one.minute == minute or (one.day == day and one.sent)
            }
        used = self._used.setdefault(who, Used())
        if used.minute != minute:
            used.minute, used.requests = minute, 0
        if used.day != day:
            used.day, used.sent = day, 0
        return used
