"""A round over a closed night: what is watched, what boards ask for, who is called; done again it does nothing."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from fink_lib.accounts import groups, people
from fink_lib.accounts.store import Store
from fink_lib.cli import main as cli
from fink_lib.community.draft import Draft
from fink_lib.community.kinds import Kind
from fink_lib.community.log import Log
from fink_lib.community.people import STRANGER, Person
from fink_lib.community.saying import say
from fink_lib.community.uploads import draft_of_upload
from fink_lib.community.watching import match_night, watches
from fink_lib.config import Settings
from fink_lib.followup.round import do_round
from fink_lib.lake.small import append_rows
from fink_lib.lake.tables import gold_nights, gold_published, gold_sources
from fink_lib.notices.outbox import entries

NIGHT = dt.date(2026, 1, 20)
NOW = dt.datetime(2026, 1, 22, tzinfo=dt.UTC)
ANNA = Person("anna", frozenset({"sn"}), frozenset({"sn"}))
BEN = Person("ben")
ALERTS = {"ZTF26aaaaaaa": (10.0, 20.0), "ZTF26aaaaaab": (10.0005, 20.0), "ZTF26aaaaaac": (200.0, -30.0)}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "notices.toml").write_text(
        '[[notice]]\nname = "ben-is-called"\nsurvey = "ztf"\nevent = "mention:ben"\nsink = "mail"\n'
        'address = "ben@x.org"\n'
    )
    found = Settings(home=tmp_path / "home", notices=tmp_path / "notices.toml")
    rows = [{"run": "r", "night": NIGHT, "alert_id": 10 * at + n, "object_id": name, "ra": ra, "dec": dec}
            for at, (name, (ra, dec)) in enumerate(ALERTS.items()) for n in (1, 2)]  # fmt: skip
    append_rows(gold_sources("ztf", pa.schema([])), found.lake, rows)
    sent = [{"night": NIGHT, "alert_id": 21, "object_id": "ZTF26aaaaaac", "filter": "early_sn"},
            {"night": NIGHT, "alert_id": 1, "object_id": "ZTF26aaaaaaa", "filter": "other"}]  # fmt: skip
    append_rows(gold_published("ztf"), found.lake, sent)
    append_rows(gold_nights(), found.lake, [{"survey": "ztf", "night": NIGHT, "version": 1, "closed_at": NOW}])
    return found


def upload(log: Log, who: Person, kind: str, raw: bytes, **said: str) -> str:
    return str(say(log, who, [draft_of_upload(kind, raw, said)])[0]["statement_id"])


def test_a_round(settings: Settings) -> None:
    log = Log(settings.lake, most_map_deg2=41_253.0)
    upload(log, ANNA, "watch_list", b"label,ra,dec,radius\nhost,10,20,1\n", list_name="hosts", visibility="group:sn")
    upload(log, BEN, "watch_map", b"0/0-11", list_name="sky", visibility="person:ben")
    board = {"board": "sn", "filters": ["early_sn"], "watches": ["hosts"]}
    say(log, ANNA, [Draft.of({"kind": "board", "survey": "ztf", "visibility": "group:sn", "body": board})])
    about = {"survey": "ztf", "object_id": "ZTF26aaaaaaa"}
    say(log, ANNA, [Draft.of({"kind": "comment", **about, "body": {"text": "@ben look; not me@ben.org"}})])
    assert do_round(settings, NOW) == ["ztf 2026-01-20: 4 objects of 2 watch lists, 2 on boards", "1 people called"]
    seen = {who.name: [json.loads(row["body"])["list_name"] for row in log.now().select(who, [Kind.WATCH_MATCH])]
            for who in (ANNA, BEN, STRANGER)}  # fmt: skip
    assert seen == {"anna": ["hosts"], "ben": ["sky"] * 3, "": []}
    (match,) = log.now().select(ANNA, [Kind.WATCH_MATCH])
    assert json.loads(match["body"])["entry"] == "host"
    candidates = log.now().select(ANNA, [Kind.CANDIDATE])
    told = {row["object_id"]: json.loads(row["body"])["source"] for row in candidates}
    assert told == {"ZTF26aaaaaac": "early_sn", "ZTF26aaaaaaa": "hosts"}
    (notice,) = entries(settings.lake)
    assert (notice.subscription, notice.subject) == ("ben-is-called", "anna called you about ZTF26aaaaaaa")
    version = log.now().version
    assert do_round(settings, NOW) == []
    assert (log.now().version, len(entries(settings.lake))) == (version, 1)


def test_a_new_list_is_matched_with_past_nights_on_request(settings: Settings) -> None:
    do_round(settings, NOW)
    log = Log(settings.lake)
    one = upload(log, BEN, "watch_list", b"ra,dec\n200,-30\n", list_name="far", visibility="person:ben")
    assert do_round(settings, NOW) == []
    assert match_night(log, settings.lake, "ztf", NIGHT, one) == {"far": 1}
    assert match_night(log, settings.lake, "ztf", NIGHT, one) == {}
    assert len(watches(log, BEN)) == 1
    assert watches(log, STRANGER) == []


def test_an_old_night_is_not_matched_without_being_asked_for(settings: Settings) -> None:
    assert do_round(settings, NOW + dt.timedelta(days=30)) == []


@pytest.fixture
def fink(settings: Settings, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    store = Store(settings.home)
    groups.add(store, "sn")
    people.add(store, "anna")
    groups.join(store, "sn", "anna", is_admin=True)

    def run(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(["community", *words, "--home", str(settings.home)])
        told = capsys.readouterr()
        return int(end.value.code or 0), told.out + told.err

    return run


def test_the_command(fink: Callable[..., tuple[int, str]], tmp_path: Path, settings: Settings) -> None:
    said = tmp_path / "said.json"
    label = {"kind": "classification", "survey": "ztf", "object_id": "ZTF26aaaaaaa", "taxonomy": "fink/1"}
    said.write_text(json.dumps([{**label, "label": "SN Ia"}]))
    assert fink("list")[1].endswith("nobody has said anything\n")
    assert fink("say", str(said), "--as", "anna")[0] == 0
    code, text = fink("list", "--json")
    (row,) = json.loads(text)
    assert (code, row["label"], row["author"]) == (0, "SN Ia", "anna")
    view = json.loads(fink("show", "ZTF26aaaaaaa", "--json")[1])
    assert [one["label"] for one in view["consensus"]] == ["SN Ia"]
    assert fink("training", str(tmp_path / "t.parquet"))[1].startswith("1 labels in")
    assert fink("withdraw", row["statement_id"], "--as", "anna")[0] == 0
    assert json.loads(fink("list", "--json")[1]) == []
    assert fink("check")[1].startswith("0 of 2")
    assert "there is no person 'eve'" in fink("say", str(said), "--as", "eve")[1]
    assert fink("board", "sn", "--as", "anna")[0] == 0
    assert "kinds are" in fink("list", "--kind", "gossip")[1]
    (tmp_path / "w.csv").write_text("ra,dec\n10,20\n")
    assert fink("upload", "watch_list", str(tmp_path / "w.csv"), "list_name=w", "--as", "anna")[0] == 0
    assert "w: 2 objects are new" in fink("match", "2026-01-20")[1]
    assert "nobody has asked" in fink("followup")[1]


def test_what_a_restricted_filter_sent_goes_to_no_board(settings: Settings) -> None:
    """A board is for a group; whether its people may read a topic is asked of each of them alone."""
    row = {"night": NIGHT, "alert_id": 1, "object_id": "ZTF26aaaaaaa", "filter": "sn_candidates"}
    append_rows(gold_published("ztf"), settings.lake, [row])
    log = Log(settings.lake)
    board = {"board": "sn", "filters": ["early_sn", "sn_candidates"]}
    say(log, ANNA, [Draft.of({"kind": "board", "survey": "ztf", "visibility": "group:sn", "body": board})])
    hidden = settings.model_copy(update={"restricted_topics": "fink_sn_candidates_ztf"})
    assert do_round(hidden, NOW)[0].endswith("1 on boards")
    (candidate,) = log.now().select(ANNA, [Kind.CANDIDATE])
    assert candidate["object_id"] == "ZTF26aaaaaac"
