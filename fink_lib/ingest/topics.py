"""The input topics while ingest runs: noted with their ids, and named so that two topics of one name stay two."""

import re
from collections.abc import Sequence
from dataclasses import replace

from fink_lib.errors import BrokerError
from fink_lib.ingest.start import Partitions, shorter
from fink_lib.kafka.connection import Connection
from fink_lib.kafka.topic_ids import topic_ids
from fink_lib.kafka.topics import partitions_by_topic
from fink_lib.lake.losses import Loss, note_losses
from fink_lib.lake.topics import current, current_names, is_another, note_topics, read_topics, to_note
from fink_lib.storage import LakePath
from fink_lib.streams.kafka_ranges import Ends


class InputTopics:
    """What is known of the topics of a survey.

    Parameters
    ----------
    lake, survey
        Where they are noted, and whose.
    connection
        The Kafka that they are in.
    """

    def __init__(self, lake: LakePath, survey: str, connection: Connection) -> None:
        self._lake, self._survey, self._connection = lake, survey, connection
        self._known = read_topics(lake, survey)
        self._noted = len(self._known)

    @property
    def names(self) -> dict[str, str]:
        """Topic → the name that its messages are kept under, where that is another one."""
        return current_names(self._known)

    def look(self, read: Ends, there: Partitions) -> set[str]:
        """Look at the topics that exist; return those that were made anew since a checkpoint noted them.

        Parameters
        ----------
        read
            Where the checkpoint ends.
        there
            Ends of every partition that Kafka has.
        """
        ids = topic_ids(self._connection, {topic for topic, _ in there})
        before = current(self._known)
        # A topic with its old id that ends earlier lost messages: that is not for us to settle.
        same = {topic for topic, one in before.items() if one.topic_id and one.topic_id == ids.get(topic)}
        new = to_note(self._known, ids, shorter(read, there) - same)
        self._known += new
        began = {one.topic: one.generation for one in before.values()}
        return {one.topic for one in new if one.generation > began.get(one.topic, 1)}

    def note_losses(self, losses: Sequence[Loss]) -> None:
        """Note down losses of topics, under the names that their messages are kept under."""
        names = self.names
        kept = [
            replace(one, place=replace(one.place, topic=names.get(one.place.topic, one.place.topic))) for one in losses
        ]
        note_losses(self._lake, self._survey, kept)

    def note(self) -> None:
        """Note down what a look has found: before the first message of a topic is kept."""
        note_topics(self._lake, self._survey, self._known[self._noted :])
        self._noted = len(self._known)

    def outdated(self, pattern: str) -> bool:
        """Note topics that came; tell whether one was made anew, so that a new checkpoint must begin."""
        try:
            there = [topic for topic in partitions_by_topic(self._connection) if re.fullmatch(pattern, topic)]
            ids = topic_ids(self._connection, there)
        except BrokerError:
            return False  # the stream itself says so
        known = current(self._known)
        if any(is_another(known.get(topic), topic_id) for topic, topic_id in ids.items()):
            return True
        self._known += to_note(self._known, ids)
        self.note()
        return False
