"""What must be true of objects and pairs: warnings, since both can be made anew out of silver at any time."""

from typing import TYPE_CHECKING

from fink_lib.lake.tables.spec import full_name
from fink_lib.quality.columns import in_range, known, once, one_of, suite
from fink_lib.surveys import Survey

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

KINDS = ("position", "designation", "same_survey")
MODELS = ("HG", "HG1G2", "sHG1G2")
SHARES = ("g1", "g2")


def objects(survey: Survey) -> "ExpectationSuite":
    """Return the suite over objects that the last nights found."""
    return suite(
        full_name("gold", survey.name, "objects"),
        once("object", "An object has one row.", ("object_id",), "warning"),
        in_range("ra", "Right ascension is in [0, 360].", "warning", low=0, high=360),
        in_range("dec", "Declination is in [-90, 90].", "warning", low=-90, high=90),
        in_range(
            "position_error_arcsec", "A position has an error of some arcseconds at the most.", "warning", low=0, high=5
        ),
        in_range("alerts", "An object has an alert.", "warning", low=1),
    )


def moving_objects(survey: Survey) -> "ExpectationSuite":
    """Return the suite over moving objects that the last nights found."""
    return suite(
        full_name("gold", survey.name, "moving_objects"),
        once("designation", "A moving object has one row.", ("designation",), "warning"),
        known("last_night", "A moving object was seen in a night.", "warning"),
        in_range("alerts", "A moving object has an alert.", "warning", low=1),
    )


def object_pairs() -> "ExpectationSuite":
    """Return the suite over pairs that the last nights found."""
    key = ("kind", "survey_a", "object_a", "survey_b", "object_b")
    return suite(
        full_name("gold", None, "object_pairs"),
        once("pair", "A pair has one row.", key, "warning"),
        one_of("kind", KINDS, "A pair is of a kind that is known.", "warning"),
        *(in_range(f"chance_{side}", "A probability is one.", "warning", low=0, high=1) for side in "ab"),
        *(in_range(f"rank_{side}", "Candidates are counted from 1.", "warning", low=1) for side in "ab"),
        in_range("separation_arcsec", "No pair is wider than the widest radius.", "warning", low=0, high=30),
    )


def phase_curves() -> "ExpectationSuite":
    """Return the suite over phase curves."""
    return suite(
        full_name("gold", None, "phase_curves"),
        once("curve", "A model of an object has one row a band.", ("designation", "model", "band"), "warning"),
        one_of("model", MODELS, "A model is one that is known.", "warning"),
        *(in_range(name, "Shares of a function lie in [0, 1].", "warning", low=0, high=1) for name in SHARES),
        in_range("oblateness", "A body is no flatter than is fitted.", "warning", low=0.3, high=1),
        in_range("h_mag", "An absolute magnitude is one of an asteroid.", "warning", low=-5, high=40),
        in_range("pole_dec", "The end of the axis that is told is north of the equator.", "warning", low=0, high=90),
    )


def periods() -> "ExpectationSuite":
    """Return the suite over the periods of a survey's objects."""
    shares = ("power", "rival_power", "false_alarm_probability")
    return suite(
        full_name("gold", None, "periods"),
        once("object", "An object has one period.", ("survey", "object_id"), "warning"),
        *(in_range(name, "A share or a probability is one.", "warning", low=0, high=1) for name in shares),
        in_range("period_days", "No period is shorter than is looked for.", "warning", low=0.0999),
        in_range("points", "Fewer points give no period.", "warning", low=20),
    )
