"""Who may know of a user's filter whose topic is restricted: its owner, and who has the right to read the topic."""

import datetime as dt
from pathlib import Path

import pytest

from fink_lib.accounts.asking import asked_by
from fink_lib.accounts.claims import ANONYMOUS, Claims
from fink_lib.api.http.errors import Refused
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.filters.users.acting import Written, add
from fink_lib.filters.users.store import Action, Event, record
from fink_lib.portal.own_filters import listed
from fink_lib.portal.transfers import _require_topic

NAMES = ("everybody_s", "of_a_few")
TOPIC = "fink_of_a_few_ztf"


@pytest.fixture
def hiding(tmp_path: Path) -> Settings:
    settings = Settings(home=tmp_path, restricted_topics=TOPIC)
    for name in NAMES:
        record(settings.lake, Event("ztf", name, 1, Action.ADD, 1, "anna", "Of a few.", "roid = 0", "anna",
                                    dt.datetime(2026, 1, 1, tzinfo=dt.UTC)))  # fmt: skip
    return settings


@pytest.mark.parametrize(
    ("claims", "known"),
    [
        (ANONYMOUS, NAMES[:1]),
        (Claims(person="ben"), NAMES[:1]),
        (Claims(person="ben", rights=frozenset({f"topic:{TOPIC}"})), NAMES),
        (Claims(person="anna"), NAMES),
    ],
)
def test_a_restricted_filter_is_listed_for_those_who_may_know_of_it(
    hiding: Settings, claims: Claims, known: tuple[str, ...]
) -> None:
    with asked_by(claims):
        assert tuple(row["filter"].name for row in listed(hiding, "ztf")) == known


def test_a_transfer_of_it_is_refused_also_where_the_right_was_taken_away_after_the_plan(hiding: Settings) -> None:
    about = {"by": "filter", "what": "of_a_few", "survey": "ztf"}
    with asked_by(Claims(person="ben", rights=frozenset({f"topic:{TOPIC}"}))):
        _require_topic(hiding, about)
    with asked_by(Claims(person="ben")), pytest.raises(Refused, match="no filter “of_a_few”"):
        _require_topic(hiding, about)


def test_two_people_cannot_take_one_name_at_once(hiding: Settings) -> None:
    """Both found the name free: the second must not add a version of his own to the first one's filter."""
    columns = frozenset({"roid"})
    add(hiding.lake, Written("ztf", "wanted", "roid = 0", "anna", "Hers."), "anna", columns, after=0)
    with pytest.raises(ConfigError, match="somebody else changed filter 'wanted'"):
        add(hiding.lake, Written("ztf", "wanted", "roid = 1", "ben", "His."), "ben", columns, after=0)
