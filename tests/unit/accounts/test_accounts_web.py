"""Who asks, out of a request: tokens, cookies, and forms of other sites."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI
from starlette.testclient import TestClient

from fink_lib.accounts import people, sessions, tokens
from fink_lib.accounts.claims import Claims, Scope
from fink_lib.accounts.store import Store
from fink_lib.accounts.web import COOKIE, PROOF_HEADER, known, who, writer

HERE = "http://testserver"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path)
    people.add(made, "ada")
    return made


@pytest.fixture
def http(store: Store) -> Iterator[TestClient]:
    app = FastAPI()
    app.state.accounts = store

    @app.get("/who")
    def asked(claims: Annotated[Claims, Depends(who)]) -> str:
        return claims.person

    @app.get("/known")
    def named(claims: Annotated[Claims, Depends(known)]) -> str:
        return claims.person

    @app.post("/write")
    def written(claims: Annotated[Claims, Depends(writer)]) -> str:
        return claims.person

    with TestClient(app, base_url=HERE) as client:
        yield client


def basic(secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"anybody:{secret}".encode()).decode()}


def test_nobody_is_anonymous_and_asked_who_he_is_where_it_counts(http: TestClient) -> None:
    assert http.get("/who").json() == ""
    answer = http.get("/known")
    assert (answer.status_code, "Bearer" in answer.headers["www-authenticate"]) == (401, True)


def test_a_token_is_bearer_or_a_password(http: TestClient, store: Store) -> None:
    secret = tokens.add(store, "ada", "one", days=1)
    for headers in ({"Authorization": f"Bearer {secret}"}, basic(secret)):
        assert http.get("/known", headers=headers).json() == "ada"


@pytest.mark.parametrize("header", ["Bearer fk_no", "Bearer", "Basic", "Basic !", "Basic " + "ZmtfOg==", "bearer x"])
def test_a_token_that_is_worth_nothing_is_not_taken_for_nobody(http: TestClient, header: str) -> None:
    assert http.get("/who", headers={"Authorization": header}).status_code == 401


def test_a_token_writes_if_it_was_made_for_it(http: TestClient, store: Store) -> None:
    reads = tokens.add(store, "ada", "reads", days=1)
    writes = tokens.add(store, "ada", "writes", days=1, scopes=(Scope.READ, Scope.WRITE))
    assert [http.post("/write", headers=basic(one)).status_code for one in (reads, writes)] == [403, 200]


def test_a_form_of_another_site_writes_nothing(http: TestClient, store: Store) -> None:
    cookie = sessions.begin(store, "ada")
    http.cookies.set(COOKIE, cookie)
    assert http.get("/known").json() == "ada"
    claims = sessions.claims_of(store, cookie)
    assert claims is not None
    proof = {PROOF_HEADER: sessions.form_proof(store, claims)}
    other = sessions.claims_of(store, sessions.begin(store, "ada"))
    assert other is not None
    stolen = {PROOF_HEADER: sessions.form_proof(store, other)}
    tried = [
        {},
        {PROOF_HEADER: "0" * 64},
        stolen,
        proof | {"Origin": "http://evil.example"},
        proof | {"Origin": "null"},
    ]
    assert [http.post("/write", headers=one).status_code for one in tried] == [403] * 5
    assert [http.post("/write", headers=one).status_code for one in (proof, proof | {"Origin": HERE})] == [200, 200]


def test_an_application_without_accounts_knows_nobody() -> None:
    app = FastAPI()

    @app.get("/who")
    def asked(claims: Annotated[Claims, Depends(who)]) -> str:
        return claims.person

    with TestClient(app) as http:
        assert http.get("/who", headers={"Authorization": "Bearer fk_x"}).json() == ""
