"""The suites that a night is judged by, as whoever runs the job hands them over: quality knows how, not what.

The suites themselves are code in ``expectations/``, one file a table, gathered in ``expectations/suites.py``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from fink_lib.lake.versions import Table
from fink_lib.quality.drift import Measure
from fink_lib.quality.rules import Judged, Key
from fink_lib.surveys import Survey

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

OfAll: TypeAlias = "Callable[[], ExpectationSuite]"
OfSurvey: TypeAlias = "Callable[[Survey], ExpectationSuite]"
# Radius in arcsec of each catalogue and version that was ever loaded
Radii: TypeAlias = Mapping[tuple[str, int], float]


@dataclass(frozen=True)
class RowSuite:
    """The suite of a night of one table, over numbers that are counted over its rows.

    Attributes
    ----------
    rules
        Row rules by survey.
    keys
        What stands once.
    suite
        Expectations on both, by survey.
    """

    rules: Callable[[Survey], Sequence[Judged]]
    keys: Sequence[Key]
    suite: OfSurvey


@dataclass(frozen=True)
class MatchSuite:
    """The suite of a night's matches with catalogues, as `RowSuite`; its rules go by the radii of the catalogues."""

    rules: Callable[[Survey, Radii], Sequence[Judged]]
    keys: Sequence[Key]
    suite: "Callable[[Survey, Radii], ExpectationSuite]"


@dataclass(frozen=True)
class SmallSuites:
    """Suites of the small tables, whose rows are few; each is named after its table.

    Attributes
    ----------
    nights, statistics, quality_results, table_stats, schemas, decisions, user_filters, notices, catalogs, object_pairs,
    phase_curves, event_notices, events, community, community_refused
        Of tables of all surveys.
    topics, releases, known_losses, science_facts, filter_failures, tracklets, asteroid_links, crossmatched, objects,
    moving_objects, event_searches, event_matches
        Of tables of one survey.
    """

    nights: OfAll
    statistics: OfAll
    quality_results: OfAll
    table_stats: OfAll
    schemas: OfAll
    decisions: OfAll
    user_filters: OfAll
    notices: OfAll
    catalogs: OfAll
    object_pairs: OfAll
    phase_curves: OfAll
    periods: OfAll
    event_notices: OfAll
    events: OfAll
    community: OfAll
    community_refused: OfAll
    topics: OfSurvey
    releases: OfSurvey
    known_losses: OfSurvey
    science_facts: OfSurvey
    filter_failures: OfSurvey
    tracklets: OfSurvey
    asteroid_links: OfSurvey
    crossmatched: OfSurvey
    objects: OfSurvey
    moving_objects: OfSurvey
    event_searches: OfSurvey
    event_matches: OfSurvey


@dataclass(frozen=True)
class Suites:
    """Everything that a night is judged by.

    Attributes
    ----------
    rows
        By table of the night.
    matches
        Of its matches with catalogues.
    shares
        Of the night as a whole: how many alerts ended where nobody looks for them.
    drift
        Of its measures beside those of the nights before, by name of the survey.
    small
        Of the small tables.
    """

    rows: Mapping[Table, RowSuite]
    matches: MatchSuite
    shares: OfSurvey
    drift: "Callable[[str, Sequence[Measure]], ExpectationSuite]"
    small: SmallSuites
