"""First arrivals on record, as sorted runs by night: what a batch costs does not grow with its night, nor with nights.

A batch adds a short run. Runs are merged two and two, so that each is at least twice as long as the next one: an
alert is copied some twenty times in a night of millions, and looked for in as many runs at the most. Long runs lie in
files, which the operating system keeps in memory as long as there is room, and which nobody else sees: what they hold
is read from the tables again after a start.
"""

import tempfile
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from fink_lib.enrich.duplicates import Arrivals, first_arrivals, merged, stands_in

NIGHTS_KEPT = 16  # and all those of a batch, however many
IN_MEMORY = 65_536  # arrivals of a run, 2 MB; longer ones are put into files
SHRINKING = 2  # how much longer than the next one each run is, at least


class SeenNights:
    """First arrivals on record, of the last nights; a night is loaded when it is first asked for.

    Parameters
    ----------
    load
        Reads the first arrivals of a night (days since 1970-01-01) from the tables.
    folder
        Where long runs are put; None keeps them in memory.
    """

    def __init__(self, load: Callable[[int], Arrivals], folder: Path | None = None) -> None:
        self._load, self._folder = load, folder
        self._nights: OrderedDict[int, list[Arrivals]] = OrderedDict()

    def hold(self, nights: Iterable[int]) -> None:
        """Load some nights; of others, those that were not asked for the longest are forgotten, never one of these."""
        wanted = list(dict.fromkeys(nights))
        for night in wanted:
            if night in self._nights:
                self._nights.move_to_end(night)
            else:
                self._nights[night] = [self._kept(first_arrivals(self._load(night)))]
        while len(self._nights) > max(NIGHTS_KEPT, len(wanted)):
            self._nights.popitem(last=False)

    def of(self, night: int) -> tuple[Arrivals, ...]:
        """Return the first arrivals of a night: runs sorted by alert, each alert in one of them."""
        if night not in self._nights:
            self.hold([night])
        return tuple(self._nights[night])

    def clear(self) -> None:
        """Forget everything: the tables are asked again."""
        self._nights.clear()

    def add(self, night: int, arrivals: Arrivals) -> None:
        """Record the first arrivals of a batch, once they are committed.

        Parameters
        ----------
        night
            Days since 1970-01-01; it is loaded if need be.
        arrivals
            In any order; alerts that are on record already are passed over.
        """
        new = first_arrivals(arrivals)
        for run in self.of(night):
            known, _ = stands_in(new.alert_id, run)
            new = new.take(np.delete(np.arange(len(new)), known))
        if not len(new):
            return
        runs = self._nights[night]
        while runs and len(runs[-1]) < SHRINKING * len(new):
            new = merged(runs.pop(), new)
        runs.append(self._kept(new))

    def _kept(self, run: Arrivals) -> Arrivals:
        return run if self._folder is None or len(run) <= IN_MEMORY else in_a_file(run, self._folder)


def in_a_file(run: Arrivals, folder: Path) -> Arrivals:
    """Return a run that lies in a file without a name, which is gone when nobody reads the run any more.

    Parameters
    ----------
    run
        Arrivals in any order; the order stays.
    folder
        Where the file lies; it is made where it is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        for column in run.columns:
            file.write(np.ascontiguousarray(column, dtype=np.int64).data)
        file.flush()
        mapped = np.memmap(file, dtype=np.int64, mode="r", shape=(len(run.columns), len(run)))
    return Arrivals(*(np.asarray(column) for column in mapped))
