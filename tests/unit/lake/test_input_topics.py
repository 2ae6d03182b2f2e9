"""Two topics of one name are two topics."""

import pytest

from fink_lib.config import Settings
from fink_lib.lake.small import append_rows
from fink_lib.lake.tables import bronze_topics
from fink_lib.lake.topics import InputTopic, current_names, kafka_name, note_topics, read_topics, to_note

FIRST = InputTopic("t", "a")


@pytest.mark.parametrize(
    ("known", "topic_id", "shorter", "new"),
    [
        ([], "a", False, [FIRST]),
        ([], None, False, [InputTopic("t", None)]),
        ([], "a", True, [InputTopic("t", None), InputTopic("t", "a", 2)]),  # a home of before ids were noted
        ([FIRST], "a", False, []),
        ([FIRST], "b", False, [InputTopic("t", "b", 2)]),
        ([FIRST], None, False, []),  # a broker that tells no ids any more
        ([FIRST], None, True, [InputTopic("t", None, 2)]),
        ([InputTopic("t", None)], "a", False, [FIRST]),
        ([InputTopic("t", None), FIRST], "a", False, []),
        ([FIRST, InputTopic("t", "b", 2)], "c", False, [InputTopic("t", "c", 3)]),
    ],
)
def test_what_is_noted_of_a_topic(
    known: list[InputTopic], topic_id: str | None, *, shorter: bool, new: list[InputTopic]
) -> None:
    assert to_note(known, {"t": topic_id}, {"t"} if shorter else ()) == new


def test_messages_of_the_second_topic_are_kept_under_a_name_of_their_own(settings: Settings) -> None:
    assert read_topics(settings.lake, "ztf") == []
    first, other = [InputTopic("t", None), FIRST, InputTopic("u", "x")], [InputTopic("t", "b", 2)]
    note_topics(settings.lake, "ztf", first)
    assert current_names(read_topics(settings.lake, "ztf")) == {}
    note_topics(settings.lake, "ztf", other)
    append_rows(bronze_topics("ztf"), settings.lake, [{"topic": None, "generation": 0}])
    assert read_topics(settings.lake, "ztf") == [*first[:2], *other, first[2]]
    assert current_names(read_topics(settings.lake, "ztf")) == {"t": "t~2"}
    assert [kafka_name(name) for name in ("t", "t~2", "t~13")] == ["t"] * 3
