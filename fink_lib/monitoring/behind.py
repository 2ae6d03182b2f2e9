"""Since when a stream has had input that it has not done: the same measure for messages and for commits."""

from collections.abc import Iterable

from fink_lib.streams.rows import StreamRow


class Behind:
    """Remembers when each stream was last seen without a backlog.

    A lag that comes and goes is a stream at work; one that stands is a stream that cannot follow.
    """

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def look(self, rows: Iterable[StreamRow], now: float) -> dict[str, float]:
        """Return the seconds for which each stream has been behind; a lag that is not known changes nothing.

        Parameters
        ----------
        rows
            One a stream; its name tells it apart.
        now
            Unix time of the look.

        Returns
        -------
        Name of the stream → seconds; 0 for one without a backlog.
        """
        found = {}
        for row in rows:
            if row.lag == 0:
                self._since.pop(row.name, None)
            elif row.lag is not None:
                self._since.setdefault(row.name, now)
            found[row.name] = now - self._since.get(row.name, now)
        return found
