"""What must be true of a night as a whole: how many of its alerts may end where nobody looks for them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fink_lib.quality.rules import Severity, expect
from fink_lib.surveys import Survey

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite


@dataclass(frozen=True)
class Share:
    """A share of the night's alerts, and the most that is usual.

    Attributes
    ----------
    column
        Name of the share in the one-row frame that the suite looks at.
    at_most
        Share between 0 and 1.
    severity, meaning
        How bad more is, and what it would mean.
    """

    column: str
    at_most: float
    severity: Severity
    meaning: str


SHARES = (
    Share("quarantined_share", 0.01, "warning", "At most 1 % of the messages could not be used by ingest."),
    Share("quarantined_enrich_share", 0.01, "warning", "At most 1 % of the alerts could not be used by enrich."),
    Share("rejected_share", 0.95, "warning", "At most 95 % of the alerts fail a quality cut."),
    Share("repeated_share", 0.05, "info", "At most 5 % of the alerts arrived more than once."),
)


def suite(survey: Survey) -> "ExpectationSuite":
    """Return the suite of one survey."""
    from great_expectations import ExpectationSuite  # noqa: PLC0415 - slow to import

    return ExpectationSuite(
        name=f"{survey.name}__night_shares",
        expectations=[
            expect(
                "ExpectColumnMaxToBeBetween",
                name=share.column,
                meaning=share.meaning,
                severity=share.severity,
                column=share.column,
                max_value=share.at_most,
            )
            for share in SHARES
        ],
    )
