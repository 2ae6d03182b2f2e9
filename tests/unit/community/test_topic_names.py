"""Each circle has a topic of its own, of a name that Kafka and fink-client can bear."""

import re

import pytest

from fink_lib.community.kafka.names import INCOMING, is_outgoing, is_restricted, topic_of


@pytest.mark.parametrize(
    ("survey", "visibility", "topic"),
    [
        ("ztf", "public", "community_ztf"),
        (None, "public", "community_all"),
        ("ztf", "group:sn_ia", "community_ztf.group.sn__ia"),
        ("lsst", "rights:lsst:dac", "community_lsst.rights.lsst_cdac"),
        ("lsst", "rights:lsst_cdac", "community_lsst.rights.lsst__cdac"),
        (None, "person:anna", "community_all.person.anna"),
    ],
)
def test_a_topic_is_named_after_survey_and_circle(survey: str | None, visibility: str, topic: str) -> None:
    assert topic_of(survey, visibility) == topic
    assert re.fullmatch(r"[a-zA-Z0-9._-]{1,249}", topic)
    assert is_outgoing(topic)
    assert is_restricted(topic) is (visibility != "public")


def test_what_comes_in_does_not_go_out() -> None:
    assert not is_outgoing(INCOMING)
