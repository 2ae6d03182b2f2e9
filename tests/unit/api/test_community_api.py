"""The community over HTTP: three people of two groups and one stranger; what each sees, says and may not."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from fink_lib.accounts import groups, people, tokens
from fink_lib.accounts.claims import Scope
from fink_lib.accounts.store import Store
from fink_lib.api.http.app import make_app
from fink_lib.api.lake import Lake
from fink_lib.config import Settings
from fink_lib.surveys import get_survey

ABOUT = {"survey": "ztf", "object_id": "ZTF21acoshvy"}
TOMORROW = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).isoformat()
GROUPS = {"anna": "sn", "ben": "sn", "clara": "agn"}


class Town:
    """Three people with tokens, and a stranger."""

    def __init__(self, home: Path) -> None:
        (home / "facilities.toml").write_text(
            '[[facility]]\nfacility = "lco"\nprovider = "ocs"\naddress = "http://127.0.0.1:9"\nsite = "siding-spring"\n'
        )
        closed = "fink_early_kn_candidates_ztf"
        self.settings = Settings(home=home, facilities=home / "facilities.toml", restricted_topics=closed)
        app = make_app(Lake(self.settings, [get_survey("ztf")]))
        app.state.accounts = store = Store(home)
        self.http = TestClient(app)
        for name in ("sn", "agn"):
            groups.add(store, name)
        self.tokens = {"": ""}
        for name, group in GROUPS.items():
            people.add(store, name)
            groups.join(store, group, name, is_admin=name != "ben")
            both = (Scope.READ, Scope.WRITE)
            self.tokens[name] = tokens.add(store, name, "t", days=1, scopes=both, groups=[group])
        self.tokens["reader"] = tokens.add(store, "anna", "r", days=1, groups=["sn"])
        self.tokens["bare"] = tokens.add(store, "anna", "b", days=1, scopes=(Scope.READ, Scope.WRITE))

    def ask(self, who: str, method: str, path: str, **told: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        return self.http.request(method, f"/api/v1/community/{path}", headers=headers, **told)

    def get(self, who: str, path: str, **parameters: Any) -> Any:
        answer = self.ask(who, "GET", path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def say(self, who: str, status: int = 200, **told: Any) -> Any:
        facts = told if "about_statement" in told or "supersedes" in told else {**ABOUT, **told}
        answer = self.ask(who, "POST", "statements", json=facts)
        assert answer.status_code == status, answer.text
        return answer.json()[0] if status == 200 else answer.json()["error"]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    yield (found := Town(tmp_path))
    found.http.close()


def test_what_each_sees(town: Town) -> None:
    town.say("anna", kind="comment", body={"text": "for all"})
    town.say("anna", kind="claim", visibility="group:sn", body={"until": TOMORROW, "intent": "spectrum"})
    town.say("clara", kind="comment", visibility="group:agn", body={"text": "for agn"})
    town.say("clara", kind="comment", visibility="person:clara", body={"text": "for me"})
    seen = {}
    for who in ("anna", "ben", "clara", "", "bare"):
        view = town.get(who, "objects/ztf/ZTF21acoshvy")
        seen[who] = [one["body"]["text"] for one in view["comments"]], [one["author"] for one in view["claims"]]
    assert seen == {
        "anna": (["for all"], ["anna"]),
        "ben": (["for all"], ["anna"]),
        "clara": (["for all", "for agn", "for me"], []),
        "": (["for all"], []),
        "bare": (["for all"], []),  # a token that claims no group
    }


def test_labels_votes_and_withdrawal(town: Town) -> None:
    label = town.say("anna", kind="classification", taxonomy="fink/1", label="SN Ia", probability=0.9)
    town.say("clara", kind="vote", about_statement=label["statement_id"], body={"value": 1})
    (one,) = town.get("", "objects/ztf/ZTF21acoshvy")["labels"]
    assert (one["votes_for"], one["votes_against"], one["evidence"]) == (1, 0, "machine")  # tokens are of programs
    (found,) = town.get("", "objects/ztf/ZTF21acoshvy")["consensus"]
    assert (found["label"], found["voices"]) == ("SN Ia", 2)
    assert town.say("ben", 403, kind="withdrawal", supersedes=label["statement_id"])["status"] == 403
    town.say("anna", kind="withdrawal", supersedes=label["statement_id"])
    assert town.get("", "objects/ztf/ZTF21acoshvy")["consensus"] == []
    old = town.get("", f"statements/{label['statement_id']}")
    assert old["replaced_by"] is not None
    assert len(town.get("", "statements", history="true")) == 3
    assert [row["label"] for row in town.get("", "statements", kind="classification", as_of=old["at"])] == ["SN Ia"]


def test_who_may_not_speak(town: Town) -> None:
    comment = {"kind": "comment", "body": {"text": "x"}}
    assert town.say("", 401, **comment)["status"] == 401
    assert "may not write" in town.say("reader", 403, **comment)["message"]
    assert "no member" in town.say("ben", 403, visibility="group:agn", **comment)["message"]
    assert "no member" in town.say("bare", 403, visibility="group:sn", **comment)["message"]
    assert town.http.get("/api/v1/community/statements", headers={"Authorization": "Bearer fk_x"}).status_code == 401


def test_a_hidden_statement_is_one_that_there_is_not(town: Town) -> None:
    hidden = town.say("anna", kind="comment", visibility="group:sn", body={"text": "x"})["statement_id"]
    for who in ("clara", ""):
        for path in (f"statements/{hidden}", f"content/{hidden}"):
            assert town.ask(who, "GET", path).status_code == 404
    assert town.say("clara", 404, kind="comment", about_statement=hidden, body={"text": "y"})["status"] == 404


@pytest.mark.parametrize(
    ("said", "status"),
    [(b"{", 400), (b"[]", 400), (b"3", 400), (b'{"kind": "gossip"}', 400), (b'[{"kind": "comment"}, 4]', 400)],
)
def test_what_is_no_statement(town: Town, said: bytes, status: int) -> None:
    answer = town.ask("anna", "POST", "statements", content=said)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def test_text_is_text(town: Town) -> None:
    text = "<script>alert(1)</script> & \"quotes\" 'x' {{7*7}} $(rm -rf) ☄"
    row = town.say("anna", kind="comment", body={"text": text})
    assert town.get("", f"statements/{row['statement_id']}")["body"]["text"] == text


def test_uploads(town: Town) -> None:
    csv = b"mjd,mag,mag_err,limit,band\n59540.1,18.2,0.05,,r\n59541.1,,,19.5,r\n"
    about = {**ABOUT, "instrument": "FLOYDS", "visibility": "group:sn"}
    answer = town.ask("anna", "POST", "uploads/photometry", params=about, content=csv)
    assert answer.status_code == 200, answer.text
    assert [sorted(one) for one in answer.json()["body"]["points"]] == [
        ["band", "error", "mjd", "value"],
        ["band", "limit", "mjd"],
    ]
    assert town.ask("ben", "GET", f"content/{answer.json()['statement_id']}").content == csv
    assert town.ask("clara", "GET", f"content/{answer.json()['statement_id']}").status_code == 404
    places = {"list_name": "hosts", "visibility": "person:anna"}
    watch = town.ask("anna", "POST", "uploads/watch_list", params=places, content=b"ra,dec\n10,20\n")
    assert watch.json()["body"]["entries"] == 1
    wrong = town.ask("anna", "POST", "uploads/photometry", params={"alert_id": "x"}, content=b"mjd,mag\n59000,1\n")
    assert (wrong.status_code, "alert_id is no number" in wrong.text) == (400, True)
    bad = town.ask("anna", "POST", "uploads/spectrum", params=about, content=b"a,b\n1,2\n")
    assert (bad.status_code, "wavelength and flux" in bad.json()["error"]["message"]) == (400, True)


def test_a_label_rests_on_a_spectrum_that_is_there(town: Town) -> None:
    """Such labels are counted apart from what people think, and may be reported."""
    about = {**ABOUT, "instrument": "ALFOSC", "observed_at": "2026-01-20T03:00:00", "visibility": "group:sn"}
    csv = b"wavelength,flux\n4000,1\n5000,2\n"
    spectrum = town.ask("anna", "POST", "uploads/spectrum", params=about, content=csv).json()["statement_id"]
    comment = town.say("anna", kind="comment", body={"text": "no spectrum"})["statement_id"]
    label = {"kind": "classification", "taxonomy": "fink/1", "label": "SN Ia"}
    for who, name in (("anna", comment), ("anna", comment[:-4] + "0000"), ("clara", spectrum)):
        assert "no spectrum" in town.say(who, 404, **label, body={"spectrum": name})["message"]
    other = {**label, "object_id": "ZTF21aaaaaaa", "body": {"spectrum": spectrum}}
    assert "of this object" in town.say("anna", 404, **other)["message"]
    town.say("anna", visibility="group:sn", **label, body={"spectrum": spectrum})


def test_who_replaced_what_is_told_to_those_who_may_see_it(town: Town) -> None:
    first = town.say("anna", kind="comment", body={"text": "for all"})["statement_id"]
    facts = {**ABOUT, "kind": "comment", "supersedes": first, "visibility": "group:sn", "body": {"text": "for us"}}
    later = town.say("anna", **facts)["statement_id"]
    for who, told in (("ben", later), ("clara", None), ("", None)):
        assert town.get(who, f"statements/{first}")["replaced_by"] == told
        assert town.get(who, "statements", history="true")[0].get("replaced_by") == told


def test_a_night_that_is_none(town: Town) -> None:
    for night in ("2021-99-99", "20211122", "2021-11-22T00"):
        town.say("anna", 400, kind="tag", about_night=night, label="x", object_id=None)


def test_follow_up(town: Town) -> None:
    body = {"facility": "lco", "night": "2026-01-20", "observation": {"exposure_s": 300}}
    wish = {**ABOUT, "ra": 120.0, "dec": -30.0, "visibility": "group:sn", "body": body}
    first = town.ask("anna", "POST", "followup", json=wish).json()
    again = town.ask("anna", "POST", "followup", json=wish).json()
    assert first["key"] == again["key"]
    assert (first["state"], first["live"], first["rule"]) == ("requested", False, "by_hand.anna")
    assert [one["key"] for one in town.get("ben", "followup")] == [first["key"]]
    assert town.get("clara", "followup") == town.get("", "followup") == []
    assert town.ask("clara", "GET", f"followup/{first['key']}").status_code == 404
    refused = town.ask("anna", "POST", f"followup/{first['key']}/approve")
    assert (refused.status_code, "for a person to decide" in refused.text) == (403, True)  # a token is a program
    assert (
        "no facility 'vlt'"
        in town.ask("anna", "POST", "followup", json={**wish, "body": {**body, "facility": "vlt"}}).text
    )
    assert town.ask("anna", "POST", "followup", json={}).status_code == 400
    for name in ("survey", "object_id"):
        left_out = town.ask("anna", "POST", "followup", json={key: one for key, one in wish.items() if key != name})
        assert (left_out.status_code, f"the request lacks '{name}'" in left_out.text) == (400, True)


def test_lists(town: Town) -> None:
    town.say("anna", kind="board", visibility="group:sn", body={"board": "sn", "filters": ["early_sn"]})
    candidate = {"board": "sn", "state": "inbox", "source": "early_sn"}
    town.say("anna", kind="candidate", visibility="group:sn", body=candidate)
    board = town.get("ben", "boards/sn")
    assert board["sources"]["filters"] == ["early_sn"]
    assert [one["object_id"] for one in board["candidates"]] == ["ZTF21acoshvy"]
    assert town.get("", "boards/sn")["candidates"] == []
    assert town.get("", "disputed") == []
    assert "fink/1" in json.dumps(town.get("", "taxonomies"))
    town.say("anna", kind="classification", taxonomy="fink/1", label="SN Ia")
    assert [row["label"] for row in town.get("", "training")] == ["SN Ia"]
    assert b'"SN Ia < supernova < transient"' in town.ask("", "GET", "training", params={"format": "csv"}).content
    assert town.ask("", "GET", "training", params={"format": "parquet"}).content[:4] == b"PAR1"
    assert town.ask("", "GET", "training", params={"format": "xls"}).status_code == 400


def test_what_is_cited_is_found(town: Town) -> None:
    town.say("anna", kind="citation", cites=[{"uri": "doi:10.1093/mnras/staa3602", "relation": "Cites"}])
    (found,) = town.get("", "cited", uri="doi:10.1093/mnras/staa3602")
    assert found["author"] == "anna"


def test_how_a_statement_is_cited(town: Town) -> None:
    row = town.say("anna", kind="comment", visibility="group:sn", body={"text": "x"})
    path = f"cite/statement/all/{row['statement_id']}"
    found = town.get("ben", path)
    assert found["identifier"] == f"ivo://fink.lake/ztf#statement/{row['statement_id']}"
    assert found["datacite"]["types"]["resourceType"] == "statement"
    assert town.ask("ben", "GET", path, params={"format": "bibtex"}).text.startswith("@misc{fink-ztf-statement-")
    for who, where in (("", path), ("ben", "cite/night/ztf/2026-01-20"), ("ben", "cite/poem/ztf/x"),
                       ("ben", "cite/transfer/ztf/..%2F..%2Fx"), ("ben", "cite/object/ztf/ZTF21acoshvy")):  # fmt: skip
        assert town.ask(who, "GET", where).status_code == 404


def test_how_a_transfer_of_a_restricted_topic_is_cited_is_told_to_nobody_else(town: Town) -> None:
    told = {"rows": 4711, "survey": "ztf", "first_night": "2026-01-20", "last_night": "2026-01-20", "by": "filter",
            "silver_version": 3, "asked_at": "2026-01-21T00:00:00", "code_version": "0.2.0"}  # fmt: skip
    for name, what in (("ftransfer_open", "early_sn_candidates"), ("ftransfer_closed", "early_kn_candidates")):
        folder = town.settings.home / "transfers" / name
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text(json.dumps({**told, "what": what, "transfer_id": name}))
    assert "4711 alerts of ZTF" in json.dumps(town.get("", "cite/transfer/ztf/ftransfer_open"))
    for who in ("", "anna"):
        closed = town.ask(who, "GET", "cite/transfer/ztf/ftransfer_closed")
        assert closed.status_code == 404
        assert "4711" not in closed.text


def test_observability(town: Town) -> None:
    found = town.get("", "observability", ra=120, dec=-31.27, site="siding-spring", night="2026-01-20")
    assert found["observable"] is True
    assert town.ask("", "GET", "observability", params={"ra": 400, "dec": 0}).status_code == 400
    assert town.ask("", "GET", "observability", params={"ra": 1, "dec": 0, "site": "mars"}).status_code == 400
    assert town.ask("", "GET", "observability").status_code == 400


@pytest.mark.parametrize("said", [{"kind": "x"}, {"limit": "0"}, {"limit": "a"}, {"as_of": "never"}, {"drop": "1"}])
def test_a_query_that_cannot_be_answered(town: Town, said: dict[str, str]) -> None:
    assert town.ask("", "GET", "statements", params=said).status_code == 400
