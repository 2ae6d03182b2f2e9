"""Which output topics are restricted: what a filter says of itself, and what the setting adds."""

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.filters.registry import filters_of
from fink_lib.filters.users.store import history
from fink_lib.surveys import SURVEYS


def restricted_topics(settings: Settings) -> frozenset[str]:
    """Return the output topics, of every survey, that only users with a grant may read.

    Raises
    ------
    ConfigError
        When the setting names a topic of no filter: a slip there would leave the meant one open to anyone.
    """
    named = {name.strip() for name in settings.restricted_topics.split(",")} - {""}
    native = [one for survey in SURVEYS for one in filters_of(survey)]
    if unknown := named - {one.topic for one in native}:
        unknown -= {event.topic for survey in SURVEYS for event in history(settings.lake, survey)}
    if unknown:
        raise ConfigError(
            f"FINK_RESTRICTED_TOPICS names '{min(unknown)}', the topic of no filter: "
            "`fink filters list` and `fink filters history` tell what there is"
        )
    return frozenset(named | {one.topic for one in native if one.restricted})
