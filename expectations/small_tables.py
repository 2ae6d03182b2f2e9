"""What must be true of the small tables that closing nights writes, those of all surveys and of none.

Their rows are few, so that the expectations are over columns of pandas.
"""

from typing import TYPE_CHECKING

from fink_lib.lake.tables.spec import full_name
from fink_lib.quality.columns import in_range, known, once, one_of, suite
from fink_lib.quality.rules import Severity

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

COUNTS = ("offered", "bronze", "quarantine", "silver", "rejected", "repeats")
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")


def nights() -> "ExpectationSuite":
    """Return the suite over the manifests of a survey."""
    return suite(
        full_name("gold", None, "nights"),
        once("version", "Each closing of a night is a version of its own.", ("night", "version")),
        *(in_range(name, f"The number {name} is not negative.", "critical", low=0) for name in COUNTS),
        in_range("version", "Versions count from 1.", "critical", low=1),
        one_of("equation_holds", [True], "Every night that was closed balances.", "warning"),
    )


def statistics() -> "ExpectationSuite":
    """Return the suite over the numbers of the nights that this night is compared with."""
    return suite(
        full_name("gold", None, "statistics"),
        once("number", "A number of a night stands in the statistics once.", ("night", "measure", "name")),
        known("value", "Every number is one.", "critical"),
        in_range("value", "No number but a latency is negative.", "warning", low=0, mostly=0.99),
    )


def quality_results() -> "ExpectationSuite":
    """Return the suite over the results of earlier nights."""
    return suite(
        full_name("gold", None, "quality_results"),
        once("expectation", "An expectation has one result a night.", ("night", "suite", "expectation")),
        known("success", "Every result is yes or no.", "critical"),
        one_of("severity", SEVERITIES, "The severity is one of the three.", "warning"),
    )


def table_stats() -> "ExpectationSuite":
    """Return the suite over what maintenance found of the tables; nothing is built on it, so nothing is critical."""
    return suite(
        full_name("gold", None, "table_stats"),
        once("table", "A table has one row a day.", ("day", "table"), "warning"),
        in_range("files", "No table has a negative number of files.", "warning", low=0),
        in_range("removed", "Vacuum did not remove a negative number of files.", "warning", low=0),
        in_range("crowded", "No partition has many more files than would do.", "info", high=0),
    )
