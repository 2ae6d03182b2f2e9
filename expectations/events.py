"""What must be true of events and of their matches: warnings, since a night closes without them."""

from typing import TYPE_CHECKING

from fink_lib.lake.tables.spec import full_name
from fink_lib.quality.columns import in_range, known, once, one_of, suite
from fink_lib.surveys import Survey

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

ACTIONS = ("initial", "update", "retraction")
PURPOSES = ("observation", "test", "mock")


def event_notices() -> "ExpectationSuite":
    """Return the suite over notices as they came."""
    return suite(
        full_name("bronze", None, "event_notices"),
        once("notice", "A notice is kept once.", ("notice_id",), "warning"),
        known("received_at", "A notice arrived at some time.", "warning"),
        known("notice_id", "A notice has a digest.", "warning"),
    )


def events() -> "ExpectationSuite":
    """Return the suite over what notices tell of events."""
    return suite(
        full_name("gold", None, "events"),
        once("notice", "A notice tells once.", ("notice_id",), "warning"),
        known("event_id", "A notice is about an event.", "warning"),
        one_of("action", ACTIONS, "A notice begins, corrects or takes back an event.", "warning"),
        one_of("purpose", PURPOSES, "An event is observed, or a test or mock that nothing is matched with.", "warning"),
        in_range("ra", "Right ascension is in [0, 360].", "warning", low=0, high=360),
        in_range("dec", "Declination is in [-90, 90].", "warning", low=-90, high=90),
    )


def event_searches(survey: Survey) -> "ExpectationSuite":
    """Return the suite over the events that a night was searched for."""
    return suite(
        full_name("gold", survey.name, "event_searches"),
        once("search", "A night is searched for an event once.", ("night", "event_id"), "warning"),
        in_range("matches", "Matches are counted from 0.", "warning", low=0),
        in_range("expected", "No less than no match is expected by chance.", "warning", low=0),
        in_range("least_chance", "A probability is one.", "warning", low=0, high=1),
    )


def event_matches(survey: Survey) -> "ExpectationSuite":
    """Return the suite over the new sources in the regions of events."""
    return suite(
        full_name("gold", survey.name, "event_matches"),
        once("match", "A source matches an event once.", ("night", "event_id", "alert_id"), "warning"),
        in_range("chance", "A probability is one.", "warning", low=0, high=1),
        in_range("chance_night", "A probability is one.", "warning", low=0, high=1),
        in_range("rank", "A part of a region is a part of it.", "warning", low=0, high=1),
    )
