"""What must be true of catalogues in the lake and of the nights that were matched with them."""

from typing import TYPE_CHECKING

from fink_lib.lake.tables.spec import full_name
from fink_lib.quality.columns import in_range, known, once, suite
from fink_lib.surveys import Survey

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

SMALLEST_RADIUS_ARCSEC = 0.001


def catalogs() -> "ExpectationSuite":
    """Return the suite over the versions of all catalogues."""
    return suite(
        full_name("gold", None, "catalogs"),
        once("version", "A version of a catalogue is loaded once.", ("name", "version")),
        in_range("version", "Versions count from 1.", "critical", low=1),
        known("delta_version", "A version says where its sources are.", "critical"),
        in_range("rows", "A catalogue has sources.", "critical", low=1),
        known("radius_arcsec", "A catalogue says how near a match is.", "critical"),
        in_range("radius_arcsec", "The radius is one that can match.", "critical", low=SMALLEST_RADIUS_ARCSEC),
        known("sha256", "A version says from which file it was made.", "warning"),
        in_range("without_position", "Every source of the file has a position.", "info", high=0),
    )


def crossmatched(survey: Survey) -> "ExpectationSuite":
    """Return the suite over the versions that a night was matched with."""
    counts = ("alerts", "matches", "gained", "lost", "changed")
    return suite(
        full_name("gold", survey.name, "crossmatched"),
        once(
            "version",
            "A night is matched with a version of a catalogue once.",
            ("night", "catalog", "catalog_version"),
        ),
        known("catalog_version", "A match is one with a version.", "critical"),
        *(in_range(name, f"The number {name} is not negative.", "critical", low=0) for name in counts),
        known("matched_at", "A match says when it was made.", "warning"),
    )
