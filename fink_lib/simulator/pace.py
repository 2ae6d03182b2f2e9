"""When each message of a programme leaves: at a rate, in exposures, or at once."""

from collections.abc import Iterable, Iterator

from fink_lib.simulator.programme import Entry


def delays_s(entries: Iterable[Entry], rate: float | None, exposure_s: float | None) -> Iterator[float]:
    """Yield, for each message, the seconds after the start at which it is due.

    Messages of one exposure have the same observation time; what arrives out of order begins none.

    Parameters
    ----------
    entries
        The programme, in the order of sending.
    rate
        Messages a second; it goes before `exposure_s`.
    exposure_s
        Seconds from one exposure to the next; with None for both, all are due at once.
    """
    exposure, newest = 0, None
    for number, entry in enumerate(entries):
        observed = entry.order[0]
        if newest is not None and observed > newest:
            exposure += 1
        newest = observed if newest is None else max(newest, observed)
        if rate is not None:
            yield number / rate
        else:
            yield 0.0 if exposure_s is None else exposure * exposure_s
