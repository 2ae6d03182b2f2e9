"""The names under which messages of input topics are kept. Needs no JVM.

A message is known by its place: topic, partition, offset. A topic that was deleted and made anew begins at offset 0
again, under the same name: its messages would be taken for the old ones. So the second topic of a name is kept as
``name~2``, the third as ``name~3``; no topic of Kafka can be called so. Which is which is told by Kafka's ids.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from fink_lib.lake.small import append_rows, read_rows
from fink_lib.lake.tables import bronze_topics
from fink_lib.storage import LakePath

SEPARATOR = "~"


@dataclass(frozen=True)
class InputTopic:
    """One topic that a survey's messages arrived on.

    Attributes
    ----------
    topic
        Its name in Kafka.
    topic_id
        Its id; None where the broker gives none, or nobody noted it.
    generation
        1 for the first topic of this name, 2 for the next.
    """

    topic: str
    topic_id: str | None
    generation: int = 1

    @property
    def name(self) -> str:
        """The name that its messages are kept under."""
        return self.topic if self.generation == 1 else f"{self.topic}{SEPARATOR}{self.generation}"


def kafka_name(name: str) -> str:
    """Return the name in Kafka of the topic that messages are kept under a name of."""
    return name.partition(SEPARATOR)[0]


def current(known: Sequence[InputTopic]) -> dict[str, InputTopic]:
    """Return the newest topic of each name, as it was noted last."""
    found: dict[str, InputTopic] = {}
    for one in known:
        latest = found.get(one.topic)
        if latest is None or one.generation >= latest.generation:
            found[one.topic] = one
    return found


def current_names(known: Sequence[InputTopic]) -> dict[str, str]:
    """Return the name that messages of a topic are kept under, of the topics whose name was used before."""
    return {topic: one.name for topic, one in current(known).items() if one.generation > 1}


def is_another(latest: InputTopic | None, topic_id: str | None) -> bool:
    """Tell whether an id is that of another topic than the one that was noted last; False where nobody can tell.

    Parameters
    ----------
    latest
        What was noted last of the topic's name; None where nothing was.
    topic_id
        The id that Kafka tells now; None where it tells none.
    """
    return bool(latest and latest.topic_id and topic_id and latest.topic_id != topic_id)


def to_note(
    known: Sequence[InputTopic], ids: Mapping[str, str | None], shorter: Collection[str] = ()
) -> list[InputTopic]:
    """Return what is new of the topics that exist.

    Parameters
    ----------
    known
        What was noted, in order.
    ids
        Each topic that exists → its id.
    shorter
        Topics that end before what was read of them: those are other topics, whatever is known of ids.
    """
    latest, new = current(known), list[InputTopic]()
    for topic, topic_id in sorted(ids.items()):
        noted = latest.get(topic)
        if noted is None and topic in shorter:
            noted = InputTopic(topic, None)
            new.append(noted)
        if noted is None:
            new.append(InputTopic(topic, topic_id))
        elif topic in shorter or is_another(noted, topic_id):
            new.append(InputTopic(topic, topic_id, noted.generation + 1))
        elif topic_id and not noted.topic_id:
            new.append(replace(noted, topic_id=topic_id))
    return new


def read_topics(lake: LakePath, survey: str) -> list[InputTopic]:
    """Return what was noted of the input topics of a survey, in order.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Name of the survey.
    """
    # A row that names no topic is what the suite of the table is for.
    rows = [row for row in read_rows(bronze_topics(survey), lake) if row["topic"] is not None]
    rows.sort(key=lambda row: (row["topic"], row["generation"], str(row["first_time"])))
    return [InputTopic(row["topic"], row["topic_id"], row["generation"]) for row in rows]


def note_topics(lake: LakePath, survey: str, topics: Sequence[InputTopic]) -> None:
    """Note topics down, before the first of their messages is kept.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Name of the survey.
    topics
        What is new, as `to_note` returns it; none is no commit.
    """
    now = dt.datetime.now(dt.UTC)
    rows = [
        {
            "topic": one.topic,
            "topic_id": one.topic_id,
            "generation": one.generation,
            "name": one.name,
            "first_time": now,
        }
        for one in topics
    ]
    append_rows(bronze_topics(survey), lake, rows)
