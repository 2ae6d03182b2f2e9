"""What is to be computed again, and with what; frozen once it is made."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from fink_lib.errors import ConfigError
from fink_lib.nights import parse_night
from fink_lib.surveys import get_survey

MOST_NIGHTS = 400  # a year and a month: more is asked for in parts, each with a comparison that a person can read
CUT_PREFIX = "cut."
KEEP_PREFIX = "keep_"  # before the name of an optional cut: true switches it off
_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no")


@dataclass(frozen=True)
class Request:
    """One reprocessing.

    Attributes
    ----------
    survey
        Whose nights.
    first_night, last_night
        Range, both included.
    modules
        Science modules to run again; empty means all. With some, the other columns of an alert stay as they are.
    catalogs
        Catalogue → version that must be in force; the run refuses to start with another one.
    bronze_version
        Version of the bronze table to read; the newest at the time of the plan when not given.
    overrides
        Choice → value for this run alone: ``keep_<name>``, true or false, for an optional cut of the survey, or
        ``cut.<name>`` with a Spark SQL predicate over bronze, for example ``cut.rb`` → ``candidate.rb >= 0.65``.
    dry_run
        True ends with the comparison: such a request cannot be promoted.
    reason
        Why, in the words of the person who asks.
    """

    survey: str
    first_night: dt.date
    last_night: dt.date
    modules: tuple[str, ...] = ()
    catalogs: Mapping[str, str] = field(default_factory=dict)
    bronze_version: int | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = True
    reason: str = ""

    def __post_init__(self) -> None:
        """Refuse what could not be run.

        Raises
        ------
        ConfigError
            Naming the value and what it should be.
        """
        survey = get_survey(self.survey)
        if self.last_night < self.first_night:
            raise ConfigError(f"last night {self.last_night} lies before first night {self.first_night}")
        if len(self.nights) > MOST_NIGHTS:
            raise ConfigError(f"{len(self.nights)} nights are more than {MOST_NIGHTS}: ask for them in parts")
        cuts = {f"{CUT_PREFIX}{cut.name}" for cut in survey.cuts}
        choices = {f"{KEEP_PREFIX}{cut.name}" for cut in survey.optional_cuts}
        for name, value in self.overrides.items():
            if name not in cuts | choices:
                known = ", ".join(sorted(cuts | choices))
                raise ConfigError(f"'{name}' cannot be overridden in a reprocessing: there are {known}")
            if name in choices and str(value).lower() not in (*_TRUE, *_FALSE):
                raise ConfigError(f"override {name}={value!r} is neither true nor false")

    @property
    def nights(self) -> tuple[dt.date, ...]:
        """Every night of the range."""
        days = (self.last_night - self.first_night).days
        return tuple(self.first_night + dt.timedelta(days=day) for day in range(days + 1))

    @property
    def cuts(self) -> dict[str, str]:
        """Cut → predicate that stands in for the survey's own."""
        return {
            name.removeprefix(CUT_PREFIX): value
            for name, value in self.overrides.items()
            if name.startswith(CUT_PREFIX)
        }

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a choice that is true or false, as this request has it.

        Parameters
        ----------
        name
            Of the override.
        default
            What holds where the request does not override it.
        """
        value = self.overrides.get(name)
        return default if value is None else str(value).lower() in _TRUE

    def as_json(self) -> dict[str, Any]:
        """Return the request as plain JSON."""
        plain = asdict(self) | {"catalogs": dict(self.catalogs), "overrides": dict(self.overrides)}
        dates = {"first_night": self.first_night.isoformat(), "last_night": self.last_night.isoformat()}
        return {**plain, **dates, "modules": list(self.modules)}

    @property
    def digest(self) -> str:
        """Eight characters that depend on what is asked for, and not on why or by whom."""
        facts = {name: value for name, value in self.as_json().items() if name not in ("reason", "dry_run")}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]


def request_from_json(facts: Mapping[str, Any]) -> Request:
    """Read a request: a file of its folder, a form of Airflow, or the body of a REST call.

    Empty texts and nulls count as not given.

    Raises
    ------
    ConfigError
        When a name is unknown or a value cannot be used.
    """
    given = {name: value for name, value in facts.items() if value not in (None, "", [], {})}
    known = set(Request.__dataclass_fields__)
    if strangers := sorted(set(given) - known):
        raise ConfigError(f"a reprocessing has no '{strangers[0]}': there are {', '.join(sorted(known))}")
    if missing := sorted({"survey", "first_night"} - set(given)):
        raise ConfigError(f"a reprocessing needs '{missing[0]}'")
    first = parse_night(str(given["first_night"]))
    version = given.get("bronze_version")
    return Request(
        survey=str(given["survey"]),
        first_night=first,
        last_night=parse_night(str(given["last_night"])) if "last_night" in given else first,
        modules=tuple(str(name) for name in given.get("modules", ())),
        catalogs={str(name): str(value) for name, value in given.get("catalogs", {}).items()},
        bronze_version=None if version is None else int(version),
        overrides={str(name): _text(value) for name, value in given.get("overrides", {}).items()},
        dry_run=bool(facts.get("dry_run", True)),
        reason=str(given.get("reason", "")),
    )


def request_id_of(run_id: str) -> str:
    """Return the name of the request that a run of Airflow makes: a folder's name, out of the run's id."""
    return run_id.replace(":", "").replace("+", "-").replace(".", "-")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
