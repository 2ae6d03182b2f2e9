"""What is found in what people watch reaches them: in one notice for many, with links, and not too often."""

import datetime as dt
from pathlib import Path

import pytest

from fink_lib.community.log import Log
from fink_lib.community.people import Person
from fink_lib.community.saying import NotSaid, say
from fink_lib.community.uploads import draft_of_upload
from fink_lib.community.watching import match_draft, say_new, watches
from fink_lib.config import Settings
from fink_lib.followup.watch_notices import tell_watchers
from fink_lib.notices.outbox import entries

BEN, EVE = Person("ben"), Person("eve")
NOTICE = """[[notice]]
name = "ben-watches"
survey = "ztf"
event = "watch:ben"
sink = "mail"
address = "ben@x.org"
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "notices.toml").write_text(NOTICE)
    return Settings(home=tmp_path / "home", notices=tmp_path / "notices.toml", api_url="https://alerts.example/")


def watch(log: Log, who: Person, name: str) -> None:
    said = {"list_name": name, "visibility": f"person:{who.name}"}
    say(log, who, [draft_of_upload("watch_list", b"label,ra,dec\nM31,10,41\n", said)])


def found(log: Log, name: str, numbers: range) -> None:
    """Say that some objects are in a list, as distribute does."""
    (row,) = [row for row, _ in watches(log) if name in row["body"]]
    hit = {"entry": "M31", "separation_arcsec": 0.5}
    names = {number: f"ZTF26aaaaa{chr(97 + number // 26)}{chr(97 + number % 26)}" for number in numbers}
    alerts = [{"object_id": one, "alert_id": number, "ra": 10.0, "dec": 41.0} for number, one in names.items()]
    say_new(log, [match_draft(row, "ztf", alert, hit) for alert in alerts])


def test_one_notice_for_many_and_not_too_often(settings: Settings) -> None:
    log = Log.of(settings)
    now = dt.datetime.now(dt.UTC)
    assert tell_watchers(log, settings, now) == 0
    for who, name in ((BEN, "hosts"), (EVE, "secret")):
        watch(log, who, name)
    found(log, "hosts", range(30))
    found(log, "secret", range(3))
    assert tell_watchers(log, settings, now) == 1
    (first,) = entries(settings.lake)
    assert (first.subscription, first.subject) == ("ben-watches", "30 objects in what you watch: 30 in hosts")
    assert "ZTF26aaaaaaa  hosts  M31  https://alerts.example/object/ztf/ZTF26aaaaaaa" in first.text.splitlines()
    assert first.text.splitlines()[-1] == "and 10 more"
    assert len(first.facts["objects"]) == 30
    found(log, "hosts", range(25, 32))  # two of them are new
    assert tell_watchers(log, settings, now + dt.timedelta(hours=5)) == 0
    later = now + dt.timedelta(hours=6)
    assert [tell_watchers(log, settings, later) for _ in range(2)] == [1, 0]
    second = next(one for one in entries(settings.lake) if one.key != first.key)
    assert [row["object_id"] for row in second.facts["objects"]] == ["ZTF26aaaaabe", "ZTF26aaaaabf"]
    assert tell_watchers(log, settings, later + dt.timedelta(days=1)) == 0
    assert len(entries(settings.lake)) == 2


def test_a_map_of_the_whole_sky_is_refused(settings: Settings) -> None:
    log = Log.of(settings)
    said = {"list_name": "sky", "visibility": "person:ben"}
    with pytest.raises(NotSaid, match=r"41,253 square degrees, of at most 5,000: .* FINK_WATCH_MAP_MAX_DEG2") as why:
        say(log, BEN, [draft_of_upload("watch_map", b"0/0-11", said)])
    assert why.value.status == 413
    say(log, BEN, [draft_of_upload("watch_map", b"0/0", said)])
    assert len(watches(log, BEN)) == 1
