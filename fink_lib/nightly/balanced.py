"""The tables of a night as a step reads them: the newest versions, or those that reconcile balanced."""

from fink_lib.lake.pinned import Pinned
from fink_lib.nightly.job import NightContext
from fink_lib.nightly.results import Step
from fink_lib.surveys.tables import night_specs


def newest(context: NightContext) -> Pinned:
    """Pin the newest versions."""
    return Pinned.now(night_specs(context.survey), context.settings.lake)


def balanced(context: NightContext) -> Pinned:
    """Pin the versions that this run's reconcile balanced; the newest ones where it has not run."""
    found = context.result(Step.RECONCILE)
    if found is None:
        return newest(context)
    return Pinned(context.settings.lake, night_specs(context.survey), found["tables"])
