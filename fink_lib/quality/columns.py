"""Expectations over the columns of small tables."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fink_lib.quality.rules import Severity, expect

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.expectation import Expectation


def suite(name: str, *expectations: "Expectation") -> "ExpectationSuite":
    """Return a suite."""
    from great_expectations import ExpectationSuite  # noqa: PLC0415 - slow to import

    return ExpectationSuite(name=name, expectations=list(expectations))


def once(name: str, meaning: str, columns: tuple[str, ...], severity: Severity = "critical") -> "Expectation":
    """Return the expectation that a column, or columns together, name one row.

    Parameters
    ----------
    name
        Of the expectation.
    meaning
        What is wrong where it fails.
    columns
        One or more.
    severity
        How bad it is when it fails.
    """
    if len(columns) == 1:
        return expect("ExpectColumnValuesToBeUnique", name=name, meaning=meaning, severity=severity, column=columns[0])
    return expect(
        "ExpectCompoundColumnsToBeUnique", name=name, meaning=meaning, severity=severity, column_list=list(columns)
    )


def in_range(
    column: str,
    meaning: str,
    severity: Severity,
    *,
    low: float | None = None,
    high: float | None = None,
    mostly: float = 1.0,
) -> "Expectation":
    """Return the expectation that the values of a column lie between two bounds; null passes.

    Parameters
    ----------
    column
        Its name, of which that of the expectation is made.
    meaning
        What is wrong where it fails.
    severity
        How bad it is when it fails.
    low, high
        The bounds, both included; None is no bound.
    mostly
        Share of the rows with a value, 0 to 1, that must lie there.
    """
    return expect(
        "ExpectColumnValuesToBeBetween",
        name=f"{column}_range",
        meaning=meaning,
        severity=severity,
        column=column,
        min_value=low,
        max_value=high,
        mostly=mostly,
    )


def known(column: str, meaning: str, severity: Severity) -> "Expectation":
    """Return the expectation that a column has a value in every row.

    Parameters
    ----------
    column
        Its name, of which that of the expectation is made.
    meaning
        What is wrong where it fails.
    severity
        How bad it is when it fails.
    """
    return expect(
        "ExpectColumnValuesToNotBeNull", name=f"{column}_known", meaning=meaning, severity=severity, column=column
    )


def one_of(column: str, values: Sequence[Any], meaning: str, severity: Severity) -> "Expectation":
    """Return the expectation that the values of a column are some that are known; null passes.

    Parameters
    ----------
    column
        Its name, which is that of the expectation too.
    values
        Those that are known.
    meaning
        What is wrong where it fails.
    severity
        How bad it is when it fails.
    """
    return expect(
        "ExpectColumnValuesToBeInSet",
        name=column,
        meaning=meaning,
        severity=severity,
        column=column,
        value_set=list(values),
    )
