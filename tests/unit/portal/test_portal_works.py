"""Filters and transfers by people: forms, commands beside the portal, what their pages show; who may not."""

import json
import re
from collections.abc import Iterator

import pytest

from fink_lib.accounts import people
from fink_lib.accounts.store import Store
from fink_lib.cli.main import build_app
from fink_lib.host import stack
from fink_lib.portal.transfers import words_of
from fink_lib.portal.works import desk
from fink_lib.portal.works.child import ENDED, OUT
from fink_lib.transfer import main
from fink_lib.transfer.request import TransferRequest
from tests.builders.served_home import NIGHT
from tests.unit.portal.conftest import Portal
from tests.unit.portal.persons import WRITTEN, Someone

CLAUSE = {"sql": "`roid` = 0", "holds": 30, "alone": 4}
KNOWN = {"source": "tns", "value": "SN Ia", "objects": 3, "caught": 2, "missed_example": "ZTF21missed",
         "caught_example": "ZTF21caught"}  # fmt: skip
EXAMPLE = {"alert_id": 5, "object_id": "ZTF21chosen", "ra": 1.0, "dec": 2.0, "band": "g"}


@pytest.fixture(scope="module")
def persons(portal: Portal) -> Iterator[dict[str, Someone]]:
    store = Store(portal.settings.home)
    for name in ("anna-w", "ben-w"):
        people.add(store, name)
    found = {name: Someone(portal, name) for name in ("anna-w", "ben-w", "")}
    yield found
    for one in found.values():
        one.http.close()


def end_with(someone: Someone, work: desk.Standing, answer: object) -> None:
    """Let some work have ended well, with an answer that Spark would have given."""
    folder = someone.settings.home / desk.FOLDER / work.work.name
    (folder / OUT).write_text(json.dumps(answer))
    (folder / ENDED).write_text(json.dumps({"code": 0, "at": 0}))


def night(matches: int, version: int = 1) -> list[dict]:  # type: ignore[type-arg]
    return [{"night": str(NIGHT), "alerts": 60, "matches": matches, "clauses": [CLAUSE], "examples": [EXAMPLE],
             "known": [KNOWN], "version": version}]  # fmt: skip


def test_a_filter_is_written_tried_and_activated_by_its_owner(persons: dict[str, Someone]) -> None:
    anna, ben, path = persons["anna-w"], persons["ben-w"], "/filters/own/ztf/my_bright_ones"
    assert "There is no column" in anna.post("/filters/new", 400, name="my_bright_ones",
                                             **{**WRITTEN, "predicate": "candidate.magpsff < 18"})  # fmt: skip
    page = anna.post("/filters/new", name="my_bright_ones", **WRITTEN)
    assert "Bright &lt;b&gt;ones&lt;/b&gt;." in page
    assert "`candidate`.`magpsf` &lt; 18" in page
    assert "somebody else" in ben.post("/filters/new", 409, name="my_bright_ones", **WRITTEN)
    assert "was not tried yet" in anna.post(f"{path}/activate", 409)

    anna.post(f"{path}/try", first="2020-01-01", last="2020-01-02")  # a real command; there is no such night
    assert "again every 3 s" in anna.get(path) or anna.ended().state is desk.State.FAILED
    lost = anna.ended()
    assert lost.state is desk.State.FAILED
    assert "holds no night" in anna.get(path)
    assert "holds no night" not in ben.get(path), "work is of whoever asked for it"

    end_with(anna, lost, night(30))
    page = anna.get(path)
    for shown in ("50.00%", "`roid` = 0", "SN Ia", "ZTF21missed", "ZTF21chosen", "fink filters test my_bright_ones"):
        assert shown in page, shown
    assert "selects 50.0%" in anna.post(f"{path}/activate", 400), "too much of a night"
    end_with(anna, lost, night(2))
    assert "its owner alone" in ben.post(f"{path}/activate", 403)
    assert ">active<" in anna.post(f"{path}/activate", reason="good")
    assert "my_bright_ones" in persons[""].get("/filters")
    anna.post("/filters/new", name="my_bright_ones", **{**WRITTEN, "predicate": "candidate.magpsf < 17"})
    assert "Version 2 was not tried" in anna.post(f"{path}/activate", 409)
    page = anna.post(f"{path}/pause", reason="enough")
    assert ("enough" in page, "is active" in page) == (True, False)


def test_a_transfer_is_planned_before_it_is_sent(persons: dict[str, Someone], portal: Portal) -> None:
    anna, ben = persons["anna-w"], persons["ben-w"]
    asked = {"survey": "ztf", "by": "predicate", "predicate": "candidate.magpsf < 17", "first": str(NIGHT),
             "last": str(NIGHT), "content": "full", "reason": "a <test>"}  # fmt: skip
    assert "holds no night" in anna.post("/transfers", 400, **{**asked, "first": "2020-01-01", "last": ""})
    assert "no column" in anna.post("/transfers", 400, **{**asked, "content": "columns", "columns": "nothing"})
    about = {"survey": "ztf", "by": "predicate", "what": "-- x", "first_night": str(NIGHT), "last_night": str(NIGHT),
             "content": "full", "columns": [], "reason": "", "asked_by": "anna-w",
             "transfer_id": "abcdef"}  # fmt: skip
    work = desk.begin(portal.settings, "transfer plan", "anna-w", ["transfer", "send", "--json", "--", "-- x"], about)
    assert "still runs" in anna.post("/transfers", 429, **asked) or anna.ended().state is desk.State.FAILED
    assert anna.ended().state is desk.State.FAILED
    there = f"/transfers/{work.name}"
    assert "was not planned" in anna.post(f"{there}/send", 409)
    end_with(
        anna, anna.ended(), {"lines": [], "topic": "ftransfer_ztf_2026-01-01_abcdef", "rows_by_night": {str(NIGHT): 12}}
    )
    page = anna.get(there)
    assert re.search(r"<b>12</b> alerts, about <b>\d\.\d MB</b>", page), page
    assert "ftransfer_ztf_2026-01-01_abcdef" in page
    assert float(re.search(r"about <b>(\d\.\d) MB", page).group(1)) > 0.1  # type: ignore[union-attr]  # with cutouts
    ben.get(there, 404)
    persons[""].get(there, 404)
    assert there in anna.get("/transfers")
    assert there not in ben.get("/transfers")


def test_strangers_and_other_pages_start_nothing(persons: dict[str, Someone]) -> None:
    before = len(desk.everything(persons[""].settings))
    for path in (
        "/filters/new",
        "/filters/own/ztf/my_bright_ones/try",
        "/transfers",
        "/transfers/0000000000000000/send",
    ):
        persons[""].post(path, 401, first=str(NIGHT), last=str(NIGHT))
        answer = persons["anna-w"].http.post(path, data={"form_proof": "forged"})
        assert answer.status_code == 403, path
    assert len(desk.everything(persons[""].settings)) == before
    assert persons[""].http.get("/filters/new", follow_redirects=False).status_code == 303
    for name in ("..", "%2e%2e", "0" * 15, "g" * 16):
        assert persons["anna-w"].http.get(f"/transfers/{name}").status_code in {200, 404}
        assert desk.standing(persons[""].settings, name) is None


@pytest.mark.parametrize("how", ["--dry-run", "--progress"])
def test_the_command_of_a_transfer_is_one_that_there_is(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Its words are taken by the command line as they are meant, even where what is asked for looks like an option."""
    about = {"survey": "ztf", "by": "predicate", "what": "--help", "first_night": str(NIGHT), "last_night": str(NIGHT),
             "content": "columns", "columns": ["candid", "candidate.magpsf"], "reason": "--x", "asked_by": "anna-w",
             "transfer_id": "abcdef"}  # fmt: skip
    asked: list[tuple[TransferRequest, bool]] = []

    def answered(_settings: object, request: TransferRequest, *, only_plan: bool, say: object) -> dict:  # type: ignore[type-arg]
        assert say
        asked.append((request, only_plan))
        return {"lines": []}

    monkeypatch.setattr(main, "answered", answered)
    monkeypatch.setattr(stack, "connected", lambda settings: settings)
    monkeypatch.setenv("FINK_HOME", str(portal.settings.home))
    words = words_of(about, how)
    with pytest.raises(SystemExit) as ended:
        build_app(words)(args=words)
    assert ended.value.code == 0
    request = TransferRequest.from_json(about)
    assert asked == [(request, how == "--dry-run")]
