"""Match the night's alerts with every catalogue in the lake; the result replaces what the night had."""

from collections.abc import Callable
from functools import partial

from fink_lib.catalogs.join import Positions
from fink_lib.catalogs.nights import KEYS, MatchBook
from fink_lib.catalogs.parts import match_part
from fink_lib.catalogs.versions import catalogs_in_force
from fink_lib.errors import ExpectationFailed
from fink_lib.files import JsonObject
from fink_lib.lake.versions import Table
from fink_lib.nightly.balanced import newest
from fink_lib.nightly.job import NightContext, Outcome
from fink_lib.nightly.runners import runner_of

BrokenMatches = Callable[[NightContext], list[str]]


def run(context: NightContext, broken_matches: BrokenMatches) -> Outcome:
    """Match the alerts of silver, and see that each match is one.

    The alerts are read once for all catalogues. Without any in the lake there is nothing to do.

    Parameters
    ----------
    context
        The night.
    broken_matches
        Names the critical rules that the night's matches break, each with how many rows do.
    """
    settings, survey = context.settings, context.survey
    facts: JsonObject = {"survey": survey.name, "night": context.night.isoformat()}
    catalogs = catalogs_in_force(settings.lake)
    if not catalogs:
        return Outcome({**facts, "catalogs": [], "previous": None})
    pinned = newest(context)
    alerts = Positions(pinned.of_night(Table.SILVER, context.night).read(*KEYS))
    matching = partial(runner_of(settings, alerts.rows.num_rows).each, match_part)
    book = MatchBook(survey, settings.lake, matching)
    done = [
        book.match_night(alerts, version, context.night, context.run_id) | {"delta_version": version.delta_version}
        for version in catalogs.values()
    ]
    broken = broken_matches(context)
    failure = ExpectationFailed(f"the matches of the night {context.label} are wrong: {', '.join(broken)}")
    facts |= {"catalogs": done, "previous": book.matched.before(context.night), "tables": dict(pinned.versions)}
    return Outcome(facts, failure if broken else None)
