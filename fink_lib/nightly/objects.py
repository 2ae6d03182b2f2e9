"""The night's objects: merged into the table of the survey's objects, then paired with those of the other surveys.

Nights that a reprocessing replaced since the last merge are merged with it: the table follows silver.
"""

import datetime as dt
import logging
from dataclasses import asdict

from fink_lib.lake.small import partitions
from fink_lib.lake.versions import Table
from fink_lib.nightly.balanced import balanced
from fink_lib.nightly.job import NightContext, Outcome
from fink_lib.objects.merge import ObjectBook
from fink_lib.objects.pair_book import PairBook
from fink_lib.objects.replaced import replaced_nights
from fink_lib.surveys.tables import night_specs

logger = logging.getLogger(__name__)


def run(context: NightContext) -> Outcome:
    """Merge the alerts of silver into the objects, and make anew the pairs that they may concern."""
    pinned, lake = balanced(context), context.settings.lake
    book, version = ObjectBook(context.survey, lake), pinned.versions[Table.SILVER]
    nights = {context.night, *_replaced(context, book.merged_version(), version)}
    merged = book.merge(lambda night: pinned.of_night(Table.SILVER, night), nights, version)
    paired = PairBook(lake, context.settings.pair_radius_arcsec).update()
    facts = {"survey": context.survey.name, "night": context.night.isoformat()}
    told = {"nights": [night.isoformat() for night in sorted(nights)], "tables": dict(pinned.versions)}
    return Outcome({**facts, **told, **asdict(merged), "paired": asdict(paired)})


def _replaced(context: NightContext, merged: int | None, version: int | None) -> set[dt.date]:
    """Return the nights that were replaced since the last merge; all of silver where its log does not tell any more."""
    if merged is None or version is None:
        return set()
    spec = night_specs(context.survey)[Table.SILVER]
    found = replaced_nights(spec.path(context.settings.lake), merged, version)
    if found is not None:
        return found
    logger.info("survey=%s the log of silver begins after version %d: all nights", context.survey.name, merged)
    return {dt.date.fromisoformat(part["night"]) for part in partitions(spec, context.settings.lake)}
