"""People speak on the page of an object: three of two groups and one stranger; what each sees and may not."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from fink_lib.accounts import groups, people, sessions
from fink_lib.accounts.store import Store
from fink_lib.accounts.web import COOKIE
from fink_lib.api.http.community import asking, reporting
from fink_lib.community.kinds import Kind
from fink_lib.community.log import Log
from fink_lib.community.people import Person
from fink_lib.followup.book import advance, requests
from fink_lib.followup.facilities import read_facilities
from fink_lib.followup.states import State
from fink_lib.portal import followup, pages
from tests.unit.followup.report_desk import told_as_before
from tests.unit.portal.conftest import Portal

TEXT = "<script>alert('x')</script> rising & \u2604"
GROUPS = {"anna-p": "sn-p", "ben-p": "sn-p", "clara-p": "agn-p"}


class Reader:
    """A browser of one person, or of a stranger."""

    def __init__(self, portal: Portal, name: str) -> None:
        self.http = TestClient(portal.http.app)
        self.name = name
        self.object = portal.packets[3]["objectId"]
        if name:
            store = Store(portal.settings.home)
            self.http.cookies.set(COOKIE, sessions.begin(store, name))

    def page(self) -> str:
        return self.http.get(f"/object/ztf/{self.object}").text

    def section(self) -> str:
        return self.page().partition('<section id="community">')[2].partition("</section>")[0]

    def send(self, path: str, status: int = 200, **said: str) -> Any:
        """Send a form of the page of the object to another address."""
        proof = re.search(r'name="form_proof" value="([^"]*)"', self.page())
        facts = {"survey": "ztf", "object_id": self.object, **said}
        answer = self.http.post(path, data={"form_proof": proof.group(1) if proof else "", **facts})
        assert answer.status_code == status, answer.text
        return answer

    def say(self, kind: str, status: int = 200, files: object = None, **said: str) -> str:
        proof = re.search(r'name="form_proof" value="([^"]*)"', self.page())
        facts = {"survey": "ztf", "object_id": self.object, "kind": kind, **said}
        data = {"form_proof": proof.group(1) if proof else "", **facts}
        answer = self.http.post("/community/say", data=data, files=files)  # type: ignore[arg-type]
        assert answer.status_code == status, answer.text
        return answer.text


@pytest.fixture
def readers(portal: Portal) -> Iterator[dict[str, Reader]]:
    store = Store(portal.settings.home)
    known = {str(one["group"]) for one in groups.everyone(store)}
    for name in sorted(set(GROUPS.values()) - known):
        groups.add(store, name)
    there = {str(one["person"]) for one in people.everyone(store)}
    for name, group in GROUPS.items():
        if name not in there:
            people.add(store, name)
            groups.join(store, group, name)
    found = {name: Reader(portal, name) for name in (*GROUPS, "")}
    yield found
    for one in found.values():
        one.http.close()


def test_three_people_and_a_stranger(readers: dict[str, Reader]) -> None:
    anna, ben, clara, stranger = readers["anna-p"], readers["ben-p"], readers["clara-p"], readers[""]
    assert "Log in" in stranger.section()
    assert "<form" not in stranger.section()
    anna.say("comment", text=TEXT)
    anna.say("claim", text="spectrum", hours="24", visibility="group:sn-p")
    anna.say("classification", label="SN Ia", probability="0.9")
    csv = b"wavelength,flux\n4000,1\n5000,2\n"
    anna.say("spectrum", files={"file": ("s.csv", csv)}, instrument="ALFOSC", observed_at="2021-11-23T04:00:00",
             visibility="group:sn-p")  # fmt: skip
    ben.say("classification", label="AGN", visibility="group:sn-p")
    clara.say("citation", uri="doi:10.1093/mnras/staa3602")
    about = re.search(r'name="about" value="([^"]+)"', clara.section())
    assert about is not None
    clara.say("vote", about=about.group(1), value="1")
    seen = {name: one.section() for name, one in readers.items()}
    assert all("&lt;script&gt;alert(" in text and "<script>" not in text for text in seen.values())
    assert {name: "spectrum" in text and "anna-p, spectrum" in text for name, text in seen.items()} == {
        "anna-p": True, "ben-p": True, "clara-p": False, "": False}  # fmt: skip
    assert {name: "ALFOSC" in text for name, text in seen.items()} == {
        "anna-p": True, "ben-p": True, "clara-p": False, "": False}  # fmt: skip
    assert "disagreement 0.67" in seen["ben-p"]
    assert "disagreement 0.00" in seen["clara-p"]  # anna's label and her own vote for it
    assert "doi:10.1093/mnras/staa3602" in seen[""]
    mine = re.findall(r'value="withdrawal"><input type="hidden" name="about" value="([^"]+)"', clara.section())
    assert len(mine) == 1
    clara.say("withdrawal", about=mine[0], visibility="public")
    assert "doi:10.1093" not in stranger.section()


FACILITY = """[[facility]]
facility = "lco"
provider = "ocs"
address = "http://127.0.0.1:9"
token = "t"
proposal = "p"
site = "siding-spring"
approvers = ["ben-p"]
"""


@pytest.fixture
def _asks_lco(portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "facilities.toml").write_text(FACILITY)
    settings = portal.settings.model_copy(update={"facilities": tmp_path / "facilities.toml"})
    for module in (pages, followup, asking):
        monkeypatch.setattr(module, "read_facilities", lambda _settings: read_facilities(settings))


@pytest.mark.usefixtures("_asks_lco")
def test_an_observation_is_asked_for_and_decided_on(readers: dict[str, Reader], portal: Portal) -> None:
    """Anna asks, for her group; ben may approve; clara of another group and a stranger see nothing of it."""
    anna, ben, clara, stranger = readers["anna-p"], readers["ben-p"], readers["clara-p"], readers[""]
    assert 'action="/community/followup/ask"' in anna.section()
    assert 'action="/community/followup/ask"' not in stranger.section()
    told = {"facility": "lco", "night": "2021-11-23", "exposure_s": "300", "ra": "120.0", "dec": "-30.0",
            "visibility": "group:sn-p", "text": "<b>now</b>"}  # fmt: skip
    answer = anna.send("/community/followup/ask", **told)
    assert answer.url.path == "/community/followup"
    assert "&lt;b&gt;now&lt;/b&gt;" in answer.text
    anna.send("/community/followup/ask", 400, **{**told, "exposure_s": "long"})
    anna.send("/community/followup/ask", 400, **{**told, "facility": "vlt"})
    stranger.send("/community/followup/ask", 401, **told)
    log = Log.of(portal.settings)
    (wish,) = requests(log, Person("anna-p", frozenset({"sn-p"})))
    advance(log, wish, State.CHECKED, reason="it can be seen")
    seen = {name: one.http.get("/community/followup").text for name, one in readers.items()}
    assert {name for name, text in seen.items() if anna.object in text} == {"anna-p", "ben-p"}
    words = {name: [word for word in ("Approve", "Cancel") if f">{word}<" in seen[name]] for name in readers}
    assert words == {"anna-p": ["Cancel"], "ben-p": ["Approve", "Cancel"], "clara-p": [], "": []}
    decided = {"key": wish.key, "decision": "approve"}
    clara.send("/community/followup/decide", 404, **decided)
    anna.send("/community/followup/decide", 403, **decided)
    assert "approved" in ben.send("/community/followup/decide", **decided).text
    ben.send("/community/followup/decide", 400, key=wish.key, decision="submitted")


SERVICE = """[[service]]
service = "tns-sandbox"
provider = "tns"
address = "http://127.0.0.1:9"
token = "secret-key"
bot_id = 48
bot_name = "a_bot"
group_id = "103"
reporter = "A. <b>Observer</b>"
approvers = ["ben-p"]
"""


ASKED = {"report": "tns-sandbox discovery", "at_type": "psn", "visibility": "group:sn-p"}


@pytest.fixture
def _reports_to_tns(portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "facilities.toml").write_text(SERVICE)
    settings = portal.settings.model_copy(update={"facilities": tmp_path / "facilities.toml"})
    for module in (pages, followup, reporting):
        monkeypatch.setattr(module, "read_facilities", lambda _settings: read_facilities(settings))


@pytest.mark.usefixtures("_reports_to_tns")
def test_a_report_is_asked_for_read_and_decided_on(readers: dict[str, Reader], portal: Portal) -> None:
    """Anna asks, for her group; ben reads what would be sent and approves; others see nothing of it."""
    anna, ben, clara, stranger = readers["anna-p"], readers["ben-p"], readers["clara-p"], readers[""]
    fading = anna.object
    assert "no detection that is brighter" in anna.send("/community/reports/ask", 400, **ASKED).text
    bright = [one for one in portal.packets[4:] if one["candidate"]["isdiffpos"] in {"t", "1"}]
    counts = Counter(one["objectId"] for one in portal.packets)
    chosen = next(one for one in bright if counts[one["objectId"]] == 1)
    rising, anna.object = chosen["candidate"], chosen["objectId"]
    assert fading != anna.object
    assert 'value="tns-sandbox discovery"' in anna.section()
    assert 'action="/community/reports/ask"' not in stranger.section()
    told = ASKED
    answer = anna.send("/community/reports/ask", **told)
    assert answer.url.path == "/community/reports"
    assert "A. &lt;b&gt;Observer&lt;/b&gt;" in answer.text
    assert "secret-key" not in answer.text
    anna.send("/community/reports/ask", 400, **{**told, "report": "tns-sandbox gossip"})
    anna.send("/community/reports/ask", 400, **{**told, "report": "nobody discovery"})
    stranger.send("/community/reports/ask", 401, **told)
    log = Log.of(portal.settings)
    told_as_before(log, anna.object)  # of which the pages of the object and of reports say nothing
    (wish,) = requests(log, Person("anna-p", frozenset({"sn-p"})), [Kind.PUBLICATION])
    assert anna.http.get(f"/object/ztf/{anna.object}").status_code == 200
    assert wish.body["report"]["at_report"]["internal_name"] == anna.object
    point = wish.body["report"]["at_report"]["photometry"]["photometry_group"]["0"]
    assert point["flux"] == f"{rising['magpsf']:.3f}"
    assert point["filter_value"] == {1: "110", 2: "111", 3: "112"}[rising["fid"]]
    checked = advance(log, wish, State.CHECKED, answer=b"what it says")
    seen = {name: one.http.get("/community/reports").text for name, one in readers.items()}
    assert {name for name, text in seen.items() if anna.object in text} == {"anna-p", "ben-p"}
    assert "they answered" in seen["ben-p"].lower()
    assert "nothing yet" in seen["ben-p"]
    decided = {"key": wish.key, "decision": "approve"}
    clara.send("/community/reports/decide", 404, **decided)
    anna.send("/community/reports/decide", 403, **decided)
    ben.send("/community/followup/decide", 404, **decided)  # it is no observation
    assert ben.send("/community/reports/decide", **decided).url.path == "/community/reports"
    approved = advance(log, advance(log, requests(log)[-1], State.SUBMITTING), State.REFUSED,
                       reason="refused: no", answer=b'{"why": "<i>no</i>"}')  # fmt: skip
    assert (checked.state, approved.state) == (State.CHECKED, State.REFUSED)
    shown = ben.http.get("/community/reports").text
    assert "refused: no" in shown
    assert "&lt;i&gt;no&lt;/i&gt;" in shown


def test_what_is_uploaded_is_drawn(readers: dict[str, Reader]) -> None:
    anna, clara = readers["anna-p"], readers["clara-p"]
    rows = b"mjd,mag,magerr,limit,band\n59540.1,18.2,0.1,,r\n59541.1,17.9,0.1,,r\n59539.1,,,20.5,r\n"
    anna.say("photometry", files={"file": ("p.csv", rows)}, instrument="ALFOSC-P", visibility="group:sn-p")
    flux = b"wavelength,flux\n" + b"".join(b"%d,%d\n" % (4000 + at, at % 7) for at in range(3000))
    anna.say("spectrum", files={"file": ("s.csv", flux)}, instrument="FORS-P", observed_at="2021-11-23T04:00:00",
             visibility="group:sn-p")  # fmt: skip
    shown = anna.section()
    assert "Photometry of ALFOSC-P: 2 points, 1 upper limits, r" in shown
    assert "Spectrum of FORS-P: 3000 points, 4000 to 6999 Angstrom" in shown
    (line,) = re.findall(r'aria-label="Spectrum of FORS-P[^>]*><polyline[^>]* points="([^"]+)"', shown)
    places = [tuple(map(float, one.split(","))) for one in line.split()]
    assert len(places) == 600
    assert all(0 <= x <= 720 and 0 <= y <= 180 for x, y in places)
    assert "ALFOSC-P" not in clara.section()


def test_what_a_form_may_not(readers: dict[str, Reader]) -> None:
    anna, stranger = readers["anna-p"], readers[""]
    stranger.say("comment", 401, text="x")
    assert "no member" in anna.say("comment", 403, text="x", visibility="group:agn-p")
    assert "no probability" in anna.say("classification", 400, label="SN Ia", probability="two")
    assert "no class" in anna.say("classification", 400, label="SN 1a")
    assert "nothing that is known" in anna.say("gossip", 400)
    assert "about no statement" in anna.say("vote", 400, about="x", value="1")
    facts = {"survey": "ztf", "object_id": anna.object, "kind": "comment", "text": "x"}
    assert anna.http.post("/community/say", data=facts).status_code == 403  # no proof that the form is ours
    assert anna.http.get("/community/board/sn-p").status_code == 200
    assert anna.http.get("/community/board/agn-p").status_code == 404
    assert stranger.http.get("/community/board/sn-p").status_code == 404
