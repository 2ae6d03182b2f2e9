"""What modules found on alerts, to be put beside each other or below each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from fink_lib.science.framework.base import Module
from fink_lib.science.framework.returned import nothing

ERRORS_TYPE = pa.map_(pa.string(), pa.string())


@dataclass(frozen=True)
class Found:
    """Results on some alerts.

    Attributes
    ----------
    columns
        One array for each output of the modules that ran, one value an alert.
    errors
        One map (module → why it has no result) an alert.
    seconds
        Module → seconds of computing, in the tries that came to an end.
    forming_s
        Seconds of making arrays of packets, likewise.
    """

    columns: Mapping[str, pa.Array]
    errors: pa.MapArray
    seconds: Mapping[str, float] = field(default_factory=dict)
    forming_s: float = 0.0


def without(modules: Sequence[Module], count: int, reason: str) -> Found:
    """Return what modules did not find on some alerts, for one reason.

    Parameters
    ----------
    modules
        Those that found nothing.
    count
        Number of alerts.
    reason
        What each alert is told of each module.
    """
    columns = {name: array for module in modules for name, array in nothing(module, count).items()}
    told = sorted((module.name, reason) for module in modules)
    return Found(columns, pa.array([told] * count, type=ERRORS_TYPE))


def beside(parts: Sequence[Found]) -> Found:
    """Join what different modules found on the same alerts."""
    columns = {name: array for part in parts for name, array in part.columns.items()}
    rows = zip(*(part.errors.to_pylist() for part in parts), strict=True)
    errors = pa.array([sorted(pair for each in row for pair in each) for row in rows], type=ERRORS_TYPE)
    return Found(columns, errors, _sum(parts), sum(part.forming_s for part in parts))


def below(parts: Sequence[Found]) -> Found:
    """Join what the same modules found on different alerts."""
    columns = {name: pa.concat_arrays([part.columns[name] for part in parts]) for name in parts[0].columns}
    errors = pa.concat_arrays([part.errors for part in parts])
    return Found(columns, errors, _sum(parts), sum(part.forming_s for part in parts))


def _sum(parts: Sequence[Found]) -> dict[str, float]:
    total: dict[str, float] = {}
    for part in parts:
        for name, seconds in part.seconds.items():
            total[name] = total.get(name, 0.0) + seconds
    return total
