"""The ids of the output topics while distribute runs: one that was deleted and made anew is noticed, and is another.

A producer is told by a topic's name where a message came to stand, not by its id. So the ids are asked before topics
are written, and again before what was sent is recorded: where one differs, nobody knows on which of the two topics a
message stands. Nothing is recorded then; what stands on the new topic is read back from its beginning.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from fink_lib.kafka.connection import Connection
from fink_lib.kafka.message import Sent
from fink_lib.kafka.topic_ids import topic_ids

logger = logging.getLogger(__name__)


class OutputIds:
    """What is known of the ids of topics.

    Parameters
    ----------
    connection
        The Kafka that they are in.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, str | None] = {}

    @property
    def now(self) -> dict[str, str | None]:
        """Topic → its id, as it was asked last; None where Kafka gives none."""
        return dict(self._known)

    def ask(self, topics: Iterable[str]) -> dict[str, str | None]:
        """Ask for the ids of topics, and forget all others."""
        self._known = topic_ids(self._connection, topics)
        return self.now

    def learn(self, topics: Iterable[str]) -> None:
        """Ask for the ids of those topics that are not known yet: before the first message is sent to them."""
        self._known |= topic_ids(self._connection, set(topics) - set(self._known))

    def changed(self, topics: Collection[str]) -> list[str]:
        """Return which of some topics are no longer those that are known: they are gone, or were made anew."""
        known = {topic: self._known[topic] for topic in topics if self._known.get(topic)}
        now = topic_ids(self._connection, known)
        return sorted(topic for topic, topic_id in known.items() if now.get(topic, "") != topic_id)

    def placed(self, sent: Sequence[Sent]) -> list[Sent]:
        """Return messages with the ids of the topics that they stand on."""
        return [replace(one, topic_id=self._known.get(one.topic)) for one in sent]


def tell_made_anew(topic: str, recorded: Collection[str | None], now: str | None) -> None:
    """Say once that messages were recorded of another topic of this name: until the new one holds a recorded one.

    Parameters
    ----------
    topic
        The output topic.
    recorded
        Ids under which messages were recorded of it; None stands for no id.
    now
        Its id today; None where Kafka gives none, and then nothing is said.
    """
    old = sorted(one for one in recorded if one is not None)
    if now is not None and old and now not in old:
        logger.warning(
            "output topic %s was deleted and made anew (id %s, before %s): what stood on the old one is gone with it "
            "and is not sent again, the new one is read back and written from its beginning",
            topic, now, old[-1],
        )  # fmt: skip
