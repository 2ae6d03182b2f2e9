"""What must be true of the small tables of all surveys: `gold__nights`, `gold__statistics`, `gold__quality_results`.

They are read without Spark, so that the expectations are over pandas columns.
"""

from typing import TYPE_CHECKING

from expectations.rules import Severity, expect

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.expectation import Expectation

COUNTS = ("offered", "bronze", "quarantine", "silver", "rejected", "repeats")
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")


def nights() -> "ExpectationSuite":
    """Return the suite over the manifests of a survey."""
    return _suite(
        "gold__nights",
        _once("version", "Each closing of a night is a version of its own.", ("night", "version")),
        *(_range(name, f"The number {name} is not negative.", "critical", low=0) for name in COUNTS),
        _range("version", "Versions count from 1.", "critical", low=1),
        expect(
            "ExpectColumnValuesToBeInSet",
            name="equation_holds",
            meaning="Every night that was closed balances.",
            severity="warning",
            column="equation_holds",
            value_set=[True],
        ),
    )


def statistics() -> "ExpectationSuite":
    """Return the suite over the numbers of the nights that this night is compared with."""
    return _suite(
        "gold__statistics",
        _once("number", "A number of a night stands in the statistics once.", ("night", "measure", "name")),
        _known("value", "Every number is one.", "critical"),
        _range("value", "No number but a latency is negative.", "warning", low=0, mostly=0.99),
    )


def quality_results() -> "ExpectationSuite":
    """Return the suite over the results of earlier nights."""
    return _suite(
        "gold__quality_results",
        _once("expectation", "An expectation has one result a night.", ("night", "suite", "expectation")),
        _known("success", "Every result is yes or no.", "critical"),
        expect(
            "ExpectColumnValuesToBeInSet",
            name="severity",
            meaning="The severity is one of the three.",
            severity="warning",
            column="severity",
            value_set=list(SEVERITIES),
        ),
    )


def _suite(name: str, *expectations: "Expectation") -> "ExpectationSuite":
    from great_expectations import ExpectationSuite  # noqa: PLC0415 - slow to import

    return ExpectationSuite(name=name, expectations=list(expectations))


def _once(name: str, meaning: str, columns: tuple[str, ...]) -> "Expectation":
    return expect(
        "ExpectCompoundColumnsToBeUnique", name=name, meaning=meaning, severity="critical", column_list=list(columns)
    )


def _range(column: str, meaning: str, severity: Severity, *, low: float, mostly: float = 1.0) -> "Expectation":
    name = f"{column}_range"
    return expect(
        "ExpectColumnValuesToBeBetween",
        name=name,
        meaning=meaning,
        severity=severity,
        column=column,
        min_value=low,
        mostly=mostly,
    )


def _known(column: str, meaning: str, severity: Severity) -> "Expectation":
    return expect(
        "ExpectColumnValuesToNotBeNull", name=f"{column}_known", meaning=meaning, severity=severity, column=column
    )
