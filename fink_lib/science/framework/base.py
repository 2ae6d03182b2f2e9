"""The contract of a science module: what it reads, what it writes, and how it may fail.

A module is one file. It is a pure function of one alert, written over a batch of them: no result depends on
which other alerts share the batch, on the clock, or on an unseeded random number.

A value that is missing says why:

* null, and nothing in ``science_errors`` for the module: it ran, the value is undefined (one point has no slope);
* `NO_MATCH` in a text column: it looked and found nothing;
* null, and ``science_errors[module]`` starts with ``not run: ``: the module did not apply to this alert;
* null, and ``science_errors[module]`` starts with ``failed: ``: it raised on this alert, gave an infinite number,
  took too long, or ended its process (see `fink_lib.science.framework.isolation`);
* null, and the module is missing from ``science_versions``: it was not asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.science.framework.batch import AlertBatch

# The word that Fink publishes for it, so that filters and clients written for Fink go on working.
NO_MATCH = "Unknown"
FAILED = "failed: "
NOT_RUN = "not run: "

ANY_SURVEY: tuple[str, ...] = ()

Values: TypeAlias = "npt.NDArray[Any] | pa.Array | Mapping[str, npt.NDArray[Any]]"


class Cost(StrEnum):
    """What a module costs for one alert that passes its gates, on one core."""

    CHEAP = "cheap"  # under 0.05 ms
    MODERATE = "moderate"  # under 1 ms
    HEAVY = "heavy"  # more


class Role(StrEnum):
    """What the values of a column are to whoever counts, compares or shows them."""

    LABEL = "label"  # one of a few words or small integers: counted by value
    FLAG = "flag"  # true or false
    SCORE = "score"  # 0 to 1: its distribution is watched
    NAME = "name"  # of one source, another one for nearly every alert
    NUMBER = "number"  # a measurement
    DETAIL = "detail"  # lists, maps and structs


@dataclass(frozen=True)
class Output:
    """One column that a module writes.

    Attributes
    ----------
    name
        Column of the silver table.
    type
        Arrow type; a struct of doubles is given as a mapping of arrays.
    unit
        Unit, or an empty text for a pure number or a label.
    meaning
        One sentence.
    given_role
        What its values are, where the type does not tell; see `role`.
    """

    name: str
    type: pa.DataType
    unit: str
    meaning: str
    given_role: Role | None = None

    @property
    def role(self) -> Role:
        """What the values are: as declared, or texts labels, truth values flags, and plain numbers numbers."""
        if self.given_role is not None:
            return self.given_role
        if pa.types.is_boolean(self.type):
            return Role.FLAG
        if pa.types.is_string(self.type):
            return Role.LABEL
        return Role.DETAIL if pa.types.is_nested(self.type) else Role.NUMBER


@dataclass(frozen=True)
class ModuleResult:
    """What a module returns where some alerts are none of its business.

    Attributes
    ----------
    columns
        Values by output name, one an alert. NaN becomes null.
    not_run
        Pairs (flags, reason): the module did not apply to the alerts whose flag is set.
    """

    columns: Mapping[str, Values]
    not_run: Sequence[tuple[npt.NDArray[np.bool_], str]] = ()


Compute: TypeAlias = Callable[[AlertBatch, Any], "Mapping[str, Values] | ModuleResult"]


@dataclass(frozen=True)
class Module:
    """One science case.

    Attributes
    ----------
    name
        Name of its file.
    version
        Raised whenever a value can change.
    meaning, reference
        One sentence, and where the method is published.
    surveys
        Surveys that it runs for; `ANY_SURVEY` for each that feeds its inputs.
    cost
        Cost class.
    scalars, histories, forced, stamps
        Canonical inputs (see `fink_lib.surveys.inputs`).
    stamps_if
        SQL over canonical scalars in braces, ``{mag} <= 20``: an alert that does not meet it, or of which it is
        null, fails a gate of the module that is told before any stamp is looked at, and comes without its stamps.
        Empty where every alert brings them.
    needs
        Outputs of other modules that it reads from ``batch.results``; those modules run before.
    optional
        Results that it reads from ``batch.results`` where they are there, and does without elsewhere: of modules
        that ran before, or facts from outside the packet (a remote catalogue's answer, say).
    outputs
        Columns, in order.
    compute
        ``compute(batch, resource)``; must not write to its arguments.
    load
        Called once a process with the cache folder; its result is handed to `compute` (catalogues, models).
    provenance
        Called with what `load` returned: hash of each model, version of each catalogue.
    """

    name: str
    version: str
    meaning: str
    reference: str
    surveys: tuple[str, ...]
    cost: Cost
    outputs: tuple[Output, ...]
    compute: Compute = field(repr=False)
    scalars: tuple[str, ...] = ()
    histories: tuple[str, ...] = ()
    forced: tuple[str, ...] = ()
    stamps: tuple[str, ...] = ()
    stamps_if: str = ""
    needs: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    load: Callable[[Path], Any] | None = field(default=None, repr=False)
    provenance: Callable[[Any], Mapping[str, str]] | None = field(default=None, repr=False)
