"""Logging in as a browser does: by a link, by an issuer; making and revoking tokens; forms of other sites."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from fink_lib.accounts import groups, people, sessions, tokens
from fink_lib.accounts.store import Store
from fink_lib.api.http.app import make_app
from fink_lib.api.lake import Lake
from fink_lib.config import Settings
from fink_lib.portal.app import add_pages
from fink_lib.portal.login import local
from tests.builders.served_home import ZTF
from tests.unit.accounts.issuer import CLIENT, SmallIssuer
from tests.unit.servers import serving


@pytest.fixture
def issuer() -> Iterator[SmallIssuer]:
    yield from serving(SmallIssuer())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "home")
    people.add(made, "ada")
    groups.add(made, "agn")
    groups.join(made, "agn", "ada")
    return made


@pytest.fixture
def http(store: Store, issuer: SmallIssuer) -> Iterator[TestClient]:
    settings = Settings(home=store.folder.parent, oidc_issuer=issuer.address, oidc_client_id=CLIENT)
    lake = Lake(settings, [ZTF])
    app = make_app(lake)
    add_pages(app, lake)
    with TestClient(app, follow_redirects=False) as client:
        yield client


def proof(text: str) -> str:
    found = re.search(r'name="form_proof" value="([0-9a-f]{64})"', text)
    assert found
    return found[1]


def by_link(http: TestClient, store: Store) -> str:
    """Log in and return the page of the account."""
    answer = http.post("/login/link", data={"key": sessions.make_link(store, "ada")})
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    kept = answer.headers["set-cookie"].lower()
    assert "httponly" in kept
    assert "samesite=lax" in kept
    return str(http.get("/account").text)


def test_a_link_logs_in_by_its_button_alone(http: TestClient, store: Store) -> None:
    key = sessions.make_link(store, "ada")
    for _ in range(2):  # looking at it does not use it up
        assert key in http.get("/login/link", params={"key": key}).text
    assert http.post("/login/link", data={"key": key}, headers={"Origin": "http://evil.example"}).status_code == 403
    assert http.get("/account").headers["location"] == "/login?next=/account"
    assert "agn" in by_link(http, store)
    assert http.post("/login/link", data={"key": key}).status_code == 303
    used = http.post("/login/link", data={"key": key})
    assert (used.status_code, "This link was used" in used.text) == (400, True)


def test_a_token_makes_no_token_that_may_more(http: TestClient, store: Store) -> None:
    reads = tokens.add(store, "ada", "reads", days=1)
    wish = {"name": "more", "write": "1", "group": "agn", "days": "365"}
    said = {"kind": "comment", "survey": "ztf", "object_id": "ZTF21acoshvy", "text": "said by what may read alone"}
    for path, form in (("/account/tokens", wish), ("/community/say", said), ("/sets", {"route": "sources"})):
        answer = http.post(path, data=form, headers={"Authorization": f"Bearer {reads}"})
        assert (answer.status_code, "a token asks the API" in answer.text) == (403, True), path
    assert [one["name"] for one in tokens.everyone(store)] == ["reads"]


def test_an_issuer_logs_in_and_the_page_wanted_follows(http: TestClient, store: Store, issuer: SmallIssuer) -> None:
    assert issuer.address in http.get("/login").text
    sent = http.get("/login/issuer", params={"next": "/nights"})
    answer = issuer.authorize(sent.headers["location"])
    forged = http.get("/login/callback", params={**answer, "state": "forged"})
    assert (forged.status_code, "begin again" in forged.text) == (400, True)
    back = http.get("/login/callback", params=answer)
    assert (back.status_code, back.headers["location"]) == (303, "/nights")
    assert "ada-2" in http.get("/").text, "another person than the ada that the operator added"
    assert http.get("/login/callback", params=answer).status_code == 400


def test_tokens_are_made_shown_once_and_revoked(http: TestClient, store: Store) -> None:
    shown = by_link(http, store)
    form = {"form_proof": proof(shown), "name": "notebook", "days": "7", "group": "agn"}
    made = http.post("/account/tokens", data=form)
    found = re.search(r"fk_[\w-]{43}", made.text)
    assert found
    again = http.get("/account").text
    assert (found[0] in again, "notebook" in again) == (False, True)
    asked = {"Authorization": f"Bearer {found[0]}"}
    assert http.get("/api/v1/tags", headers=asked).status_code == 200
    refused = http.post("/account/tokens", data={**form, "right": "ztf:caltech"})
    assert (refused.status_code, "has no &#39;ztf:caltech&#39;" in refused.text) == (400, True)
    token = re.search(r'name="token" value="([0-9a-f]+)"', again)
    assert token
    assert http.post("/account/tokens/revoke", data={"token": token[1]}).status_code == 403
    assert http.post("/account/tokens/revoke", data={"token": token[1], "form_proof": proof(again)}).status_code == 303
    assert http.get("/api/v1/tags", headers=asked).status_code == 401


def test_logging_out_ends_the_session(http: TestClient, store: Store) -> None:
    shown = by_link(http, store)
    cookie = http.cookies["fink_session"]
    assert http.post("/logout", data={"form_proof": "0" * 64}).status_code == 403
    assert http.post("/logout", data={"form_proof": proof(shown)}).status_code == 303
    http.cookies.set("fink_session", cookie)
    assert http.get("/account").headers["location"].startswith("/login")


@pytest.mark.parametrize(
    "address", ["//evil.example", "/\\evil.example", "https://evil.example", "", "javascript:x", "/\n"]
)
def test_no_login_leads_elsewhere(address: str) -> None:
    assert local(address) == "/"
    assert local("/night/ztf/2021-11-22?a=1") == "/night/ztf/2021-11-22?a=1"


def test_addresses_of_logins_are_not_kept_by_others(http: TestClient) -> None:
    assert urlsplit(http.get("/login/issuer").headers["location"]).scheme == "http"
    assert http.get("/login/link").headers["referrer-policy"] == "same-origin"
