"""Losses of a topic that was made anew are those of the new one."""

from fink_lib.config import Settings
from fink_lib.ingest.topics import InputTopics
from fink_lib.kafka.connection import Connection
from fink_lib.lake.losses import Loss, read_losses
from fink_lib.lake.places import Range
from fink_lib.lake.topics import InputTopic, note_topics


def test_losses_are_noted_under_the_name_that_messages_are_kept_under(settings: Settings) -> None:
    note_topics(settings.lake, "ztf", [InputTopic("t", "a"), InputTopic("t", "b", 2)])
    topics = InputTopics(settings.lake, "ztf", Connection.of(settings))
    topics.note_losses([Loss(Range("t", 0, 3, 5)), Loss(Range("u", 1, 0, 1))])
    assert [one.label for one in read_losses(settings.lake, "ztf").found] == ["t~2:0:3-5", "u:1:0-1"]
