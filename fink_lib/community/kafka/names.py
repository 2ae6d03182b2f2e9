"""Names of the topics: `community_in`, one a survey for what is public, one beside it for each closed circle.

None begins with `fink_`: fink-client takes the key of what does for a schema.
"""

from fink_lib.community.kinds import PUBLIC

INCOMING = "community_in"
OUTGOING = "community_"
NO_SURVEY = "all"  # what is about no survey: a board, a watch list
SEPARATOR = "."


def topic_of(survey: str | None, visibility: str) -> str:
    """Return the topic of what is said to some circle about a survey: each circle has one of its own.

    Parameters
    ----------
    survey
        Name of the survey; None where there is none.
    visibility
        ``public``, ``group:NAME``, ``rights:NAME`` or ``person:NAME``.
    """
    name = OUTGOING + (survey or NO_SURVEY)
    if visibility == PUBLIC:
        return name
    kind, _, who = visibility.partition(":")
    # Topics know no colon; a name that has one must not become another name
    return SEPARATOR.join((name, kind, who.replace("_", "__").replace(":", "_c")))


def is_outgoing(topic: str) -> bool:
    """Tell whether a topic holds what stands in the log."""
    return topic.startswith(OUTGOING) and topic != INCOMING


def is_restricted(topic: str) -> bool:
    """Tell whether a topic is of a closed circle."""
    return is_outgoing(topic) and SEPARATOR in topic
