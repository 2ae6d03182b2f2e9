"""What must be true of a night beside the nights before it: each measure within its limits."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fink_lib.quality.rules import expect

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

    from fink_lib.quality.drift import Measure


def suite(survey: str, measures: "Sequence[Measure]") -> "ExpectationSuite":
    """Return the suite over the one-row frame that holds every measure under its own name."""
    from great_expectations import ExpectationSuite  # noqa: PLC0415 - slow to import

    return ExpectationSuite(
        name=f"{survey}__drift",
        expectations=[
            expect(
                "ExpectColumnMaxToBeBetween",
                name=one.name,
                meaning=one.meaning,
                severity=one.severity,
                column=one.name,
                min_value=one.at_least,
                max_value=one.at_most,
            )
            for one in measures
        ],
    )
