"""Look at the quarantine: find messages, read them as far as they can be read, discard them with a reason."""

import datetime as dt
import json

import pytest
from typer.testing import CliRunner

from fink_lib.cli.quarantine import app
from fink_lib.config import Settings
from fink_lib.errors import ConfigError, LakeError
from fink_lib.processes.endings import EXIT_FATAL
from fink_lib.quarantine import browse, job
from fink_lib.quarantine.browse import Place, Selection, chosen, hex_dump, inspect
from fink_lib.quarantine.job import plan
from fink_lib.quarantine.release import Decision, discard
from fink_lib.surveys import ZTF
from tests.unit.ingest.messages import CANDID, JD, ztf_message
from tests.unit.quarantine.planted_quarantine import plant_quarantine

NIGHT = ZTF.night.night_of(JD)
GOOD, CUT = ztf_message(1), ztf_message(2)[:-500]


@pytest.fixture
def planted(settings: Settings) -> Settings:
    plant_quarantine(
        settings.lake,
        [
            {"kafka_offset": 3, "raw": GOOD},
            {"kafka_offset": 1, "raw": CUT, "error_class": "truncated"},
            {"kafka_offset": 2, "raw": None, "error_class": "no_record", "kafka_topic": "other"},
            {"kafka_offset": 4, "raw": None, "error_class": "bad_value", "stage": "enrich", "night": NIGHT},
        ],
    )
    return settings


def offsets(settings: Settings, **asked: object) -> list[int]:
    return chosen(settings.lake, ZTF, Selection(**asked))["kafka_offset"].to_pylist()  # type: ignore[arg-type]


def test_messages_are_selected_by_what_is_known_of_them(planted: Settings) -> None:
    assert offsets(planted) == [2, 1, 3, 4]
    assert offsets(planted, error_class="truncated") == [1]
    assert offsets(planted, topic="other") == [2]
    assert offsets(planted, night=NIGHT) == [4]
    assert offsets(planted, stage="ingest", topic="t") == [1, 3]
    assert offsets(planted, places=(Place("t", 0, 3), Place("other", 0, 2))) == [2, 3]
    assert "raw" not in chosen(planted.lake, ZTF, Selection()).column_names


def test_a_lake_without_quarantine_is_empty(settings: Settings) -> None:
    assert offsets(settings) == []


@pytest.mark.parametrize("text", ["ztf_20211122_programid1:0:12", "ztf_20211122_programid1[0]@12"])
def test_a_message_is_named_by_its_place(text: str) -> None:
    place = Place("ztf_20211122_programid1", 0, 12)
    assert Place.parse(text) == place
    assert Place.parse(str(place)) == place


def test_what_cannot_be_found_is_said(planted: Settings) -> None:
    with pytest.raises(ConfigError, match="names no message"):
        Place.parse("12")
    with pytest.raises(LakeError, match="does not hold t:0:99"):
        offsets(planted, places=(Place("t", 0, 99), Place("t", 0, 3)))


def test_a_message_is_shown_with_what_decodes_now(planted: Settings) -> None:
    (good,) = inspect(planted.lake, ZTF, Place("t", 0, 3))
    assert (good["reason"], good["raw"]) == ("a bug of an older version", GOOD)
    assert (good["decodes"], good["error_now"]) == (True, None)
    assert (good["alert_id_now"], good["night_now"]) == (CANDID + 1, NIGHT.isoformat())
    (cut,) = inspect(planted.lake, ZTF, Place("t", 0, 1))
    assert (cut["decodes"], cut["error_now"], cut["alert_id_now"]) == (False, "truncated", None)


def test_the_plan_tells_what_a_replay_would_find(planted: Settings) -> None:
    lines = plan(planted, ZTF, Selection(stage="ingest"))
    assert lines[2] == f"t:0:3 ingest undecodable → decodes now: alert {CANDID + 1}"
    assert lines[1] == "t:0:1 ingest truncated → still truncated"
    assert lines[3] == "3 messages: 2 are still damaged, 1 decode now"


def test_bytes_are_read_a_few_at_a_time_and_told_in_order(planted: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = plan(planted, ZTF, Selection())
    monkeypatch.setattr(browse, "BYTES_ROWS", 1)
    monkeypatch.setattr(job, "SHOWN_AT_MOST", 2)
    assert plan(planted, ZTF, Selection()) == [*whole[:2], whole[-1]]
    assert [line.split()[0] for line in whole[:-1]] == ["other:0:2", "t:0:1", "t:0:3", "t:0:4"]
    assert plan(planted, ZTF, Selection(topic="nowhere")) == ["0 messages: nothing is selected"]


@pytest.mark.parametrize("action", ["replay", "discard"])
def test_a_form_that_selects_nothing_releases_nothing(
    planted: Settings, action: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FINK_HOME", str(planted.home))
    empty = [f"--{name}=" for name in ("night", "error-class", "stage", "topic", "messages")]
    asked = ["--survey", "ztf", "--action", action, *empty]
    assert job.main([*asked, "--who", "ada", "--why", "all of it"]) == EXIT_FATAL
    assert capsys.readouterr().err.startswith("replay_quarantine failed: nothing is selected: name messages")
    assert job.main([*asked, "--plan"]) == 0
    assert "4 messages: " in capsys.readouterr().out
    assert job.main([*asked, "--stage", "ingest", "--plan"]) == 0
    assert "3 messages: " in capsys.readouterr().out
    assert job.main([*asked, "--stage", "distribute", "--plan"]) == EXIT_FATAL
    assert "no messages are quarantined in 'distribute'" in capsys.readouterr().err
    assert offsets(planted) == [2, 1, 3, 4]


def test_the_first_bytes_are_dumped() -> None:
    assert hex_dump(b"Obj\x01" + bytes(14), 17) == [
        "00000000  4f 62 6a 01 00 00 00 00 00 00 00 00 00 00 00 00  Obj.............",
        "00000010  00                                               .",
    ]


def test_a_discarded_message_leaves_the_list_and_keeps_its_reason(planted: Settings) -> None:
    outcome = discard(planted, ZTF, Selection(error_class="truncated"), Decision("ada", "cut by the sender"))
    assert (outcome.messages, outcome.released) == (1, 1)
    assert offsets(planted) == [2, 3, 4]
    assert offsets(planted, released=True) == [2, 1, 3, 4]
    (shown,) = inspect(planted.lake, ZTF, Place("t", 0, 1))
    (release,) = shown["releases"]
    assert (release["action"], release["who"], release["why"]) == ("discarded", "ada", "cut by the sender")
    assert dt.datetime.now(dt.UTC) - release["release_time"] < dt.timedelta(minutes=5)
    with pytest.raises(LakeError, match="released already"):
        discard(planted, ZTF, Selection(places=(Place("t", 0, 1),)), Decision("ada", "again"))


def test_a_release_needs_a_name_and_a_reason() -> None:
    with pytest.raises(ConfigError, match="a reason"):
        Decision("ada", " ")


def run(settings: Settings, *words: str) -> str:
    result = CliRunner().invoke(app, [*words, "--home", str(settings.home)], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_the_commands_list_show_plan_and_discard(planted: Settings) -> None:
    rows = json.loads(run(planted, "list", "--json", "--error-class", "undecodable"))
    assert [row["message"] for row in rows] == ["t:0:3"]
    shown = run(planted, "show", "t:0:3", "--bytes", "16")
    assert "00000000  4f 62 6a 01" in shown
    assert f"alert_id_now: {CANDID + 1}" in shown
    assert "1 decode now" in run(planted, "replay", "t:0:3", "--dry-run")
    assert "1 of 1 messages discarded" in run(planted, "discard", "other:0:2", "--why", "a tombstone", "--who", "ada")
    with pytest.raises(ConfigError, match="nothing is selected"):
        run(planted, "discard", "--why", "all of it")
