"""Row rules and keys with a severity: each becomes one number over the night's rows, and one expectation on it.

All of them are counted in a single pass over the rows; a suite then looks at one row of numbers. Asked row by row,
the package would read the night once for each expectation.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from fink_lib.lake.rules import Rule
from fink_lib.surveys import Survey
from fink_lib.surveys.rules import row_rules

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.expectation import Expectation

Severity = Literal["critical", "warning", "info"]

# An alert without these cannot be found again, or is found in the wrong place of the sky
GRAVE = frozenset({"alert_id", "time", "ra", "dec"})


@dataclass(frozen=True)
class Judged:
    """A row rule, and how bad it is when a row breaks it.

    Attributes
    ----------
    rule
        Name, predicate and meaning.
    severity
        critical stops the night, warning and info are reported.
    mostly
        Share of rows that must hold it.
    """

    rule: Rule
    severity: Severity
    mostly: float = 1.0

    @property
    def column(self) -> str:
        """Name of the number that a suite looks at: the share of rows that hold the rule."""
        return f"rule_{self.rule.name}"

    def expectation(self) -> "Expectation":
        """Return the expectation that enough rows hold the rule."""
        return expect(
            "ExpectColumnMinToBeBetween",
            name=self.rule.name,
            meaning=self.rule.meaning,
            severity=self.severity,
            column=self.column,
            min_value=self.mostly,
        )


@dataclass(frozen=True)
class Key:
    """Columns that together name one row.

    Attributes
    ----------
    name, meaning, severity
        Of the expectation.
    columns
        The key; a row that has none of it is another rule's business.
    nullable
        Further columns of the key, of which null is a value like others.
    """

    name: str
    meaning: str
    columns: tuple[str, ...]
    severity: Severity = "critical"
    nullable: tuple[str, ...] = ()

    @property
    def column(self) -> str:
        """Name of the number that a suite looks at: rows whose key another row has already."""
        return f"key_{self.name}"

    def expectation(self) -> "Expectation":
        """Return the expectation that no key stands twice."""
        return expect(
            "ExpectColumnMaxToBeBetween",
            name=self.name,
            meaning=self.meaning,
            severity=self.severity,
            column=self.column,
            max_value=0,
        )


def expect(kind: str, *, name: str, meaning: str, severity: Severity, **arguments: Any) -> "Expectation":
    """Return an expectation of a kind that Great Expectations knows, under a name of ours.

    The package takes seconds to import and streams read this module for nothing else, hence the late import.

    Parameters
    ----------
    kind
        Name of its class, for example ``ExpectColumnValuesToBeUnique``.
    name, meaning
        Our name of it, and what is wrong where it fails.
    severity
        How bad it is when it fails.
    arguments
        What the class takes further.
    """
    from great_expectations import expectations  # noqa: PLC0415
    from great_expectations.expectations.metadata_types import FailureSeverity  # noqa: PLC0415

    make = getattr(expectations, kind)
    made: Expectation = make(severity=FailureSeverity(severity), meta={"name": name, "meaning": meaning}, **arguments)
    return made


def rule_suite(name: str, rules: Iterable[Judged], keys: Iterable[Key]) -> "ExpectationSuite":
    """Return the suite of some row rules and keys.

    Parameters
    ----------
    name
        Of the suite: full name of the table.
    rules, keys
        Each becomes one expectation, on one number that is counted over the rows.
    """
    from great_expectations import ExpectationSuite  # noqa: PLC0415 - slow to import

    return ExpectationSuite(
        name=name, expectations=[*(rule.expectation() for rule in rules), *(key.expectation() for key in keys)]
    )


def identity_rules(survey: Survey) -> tuple[Judged, ...]:
    """Return the rules that ingest splits on, and that the night is the one of the observation time."""
    shared = tuple(Judged(rule, "critical" if rule.name in GRAVE else "warning") for rule in row_rules(survey))
    days = f"floor(time + {survey.night.days_to_epoch!r}D)"
    night = Rule(
        "night", f"datediff(night, DATE'1970-01-01') = {days}", "The night is the one that the observation time names."
    )
    band = Rule("band", f"band IN ({_quoted(survey.bands.values())})", "The band is one that the survey has.")
    return (*shared, Judged(night, "critical"), Judged(band, "warning"))


def packet_rules(survey: Survey) -> tuple[Judged, ...]:
    """Return what the survey demands of packet fields."""
    found = [(Rule(one.name, one.holds, one.meaning), one) for one in survey.rules]
    return tuple(Judged(where_nan_is_missing(rule, survey), one.severity, one.mostly) for rule, one in found)


def where_nan_is_missing(rule: Rule, survey: Survey) -> Rule:
    """Return a rule over packet fields to which NaN is what null is, as it is to filters and cuts.

    Parameters
    ----------
    rule
        With a predicate in the language of filters.
    survey
        Whose packet fields.
    """
    from fink_lib.filters.sql import for_spark  # noqa: PLC0415 - it asks for every science module; few suites do

    return replace(rule, holds=for_spark(rule.holds, survey.name))


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in dict.fromkeys(names))
