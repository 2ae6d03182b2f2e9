"""The alert that kills a driver: what is done is noted before, and the next driver goes on with the search.

A batch at which three drivers died without an exception (killed for its memory, ended by native code) is done in parts.
The driver that dies at a part has told which; the next one cuts that part, until a single alert is left at which
drivers die. Where they die at whatever they do, no alert is to blame.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

from fink_lib.errors import StreamBroken, StreamFailed
from fink_lib.streams.attempts import Attempts, Key, Tried
from fink_lib.streams.halves import MOST_BLAMED, Blamed, Halves

logger = logging.getLogger(__name__)

Item = TypeVar("Item")

WAYS = 8  # a start costs some twenty seconds, a part one or two
DEATHS_ALONE = 2
KILLED = "drivers died at this alert without an exception: native code that crashed, or more memory than there is"


class DeathSearch(Generic[Item]):
    """Looks for the alerts of a batch at which drivers die.

    Parameters
    ----------
    name, attempts, batch_id
        Of the stream and the batch.
    key
        Tells alerts apart, in their order.
    """

    def __init__(self, name: str, attempts: Attempts, batch_id: int, key: Callable[[Item], Key]) -> None:
        self._name, self._attempts, self._batch_id, self._key = name, attempts, batch_id, key

    def run(
        self, items: Sequence[Item], do: Callable[[Sequence[Item]], int], may_blame: Callable[[Exception], bool]
    ) -> list[Blamed[Item]]:
        """Do the alerts of a batch at which drivers died; return those that are to blame and were left undone.

        Parameters
        ----------
        items
            All alerts of the batch, in the order of their keys.
        do
            Does some of them and returns how many went all the way; done again, it changes nothing.
        may_blame
            Tells whether an error may be an alert's fault; any other one is raised.

        Raises
        ------
        StreamBroken
            When drivers die whatever they do.
        """
        tried = self._told(self._attempts.of(self._batch_id))
        killers = [one for one in items if self._key(one) in tried.killers]
        left = [one for one in items if self._key(one) not in tried.killers]
        suspects = [one for one in left if tried.part and tried.part[0] <= self._key(one) <= tried.part[1]] or left
        rest = [one for one in left if one not in suspects]  # those that are done are done again, which changes nothing
        logger.warning(
            "batch done in parts stream=%s batch_id=%d suspects=%d of %d: drivers died at it",
            self._name, self._batch_id, len(suspects), len(items),
        )  # fmt: skip
        halves = Halves(
            do, may_blame, lambda: self._attempts.prove(self._batch_id), ways=WAYS, noted=self._noted
        )  # fmt: skip
        for part in (suspects, rest):
            if part:
                halves.search(part)
        return [*(Blamed(one, StreamFailed(KILLED)) for one in killers), *halves.blamed]

    def _told(self, tried: Tried) -> Tried:
        """Return what is known, with an alert that is now known to be a killer."""
        if tried.killers and not tried.proved and tried.part is not None:
            self._give_up("the driver died at more than one alert, and no other one went all the way")
        if not tried.is_single or tried.deaths_alone < DEATHS_ALONE or tried.part is None:
            return tried
        logger.error("drivers died at one alert stream=%s place=%s", self._name, tried.part[0])
        if len(tried.killers) >= MOST_BLAMED:
            self._give_up(f"drivers died at more than {MOST_BLAMED} alerts of it")
        return self._attempts.found(self._batch_id, tried.part[0])

    def _give_up(self, why: str) -> None:
        self._attempts.forget_deaths(self._batch_id)
        raise StreamBroken(
            f"batch {self._batch_id} of '{self._name}' kills its driver, and no alert is to blame: {why}. "
            "Look for its memory and for crashes of native code in the driver's log, and give it more with "
            "FINK_STREAM_MEMORY"
        )

    @contextmanager
    def _noted(self, part: Sequence[Item]) -> Iterator[None]:
        self._attempts.begin_part(self._batch_id, self._key(part[0]), self._key(part[-1]))
        try:
            yield
        finally:
            self._attempts.end_part(self._batch_id)
