"""Login by an issuer: its word is taken where everything about it holds, and refused in one sentence where not."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from fink_lib.accounts.oidc import Issuer, issuer_of
from fink_lib.accounts.store import Store
from fink_lib.config import Settings
from fink_lib.errors import AccountError
from tests.unit.accounts.issuer import CLIENT, SmallIssuer
from tests.unit.servers import serving

BACK = "http://127.0.0.1:1/login/callback"
RIGHTS = {"ztf-members": "ztf:partnership"}


@pytest.fixture
def there() -> Iterator[SmallIssuer]:
    yield from serving(SmallIssuer())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def ours(there: SmallIssuer, **more: Any) -> Issuer:
    claim = {"oidc_rights_claim": "groups", "oidc_rights": RIGHTS}
    return Issuer(Settings(**{"oidc_issuer": there.address, "oidc_client_id": CLIENT, **claim, **more}))


def log_in(issuer: Issuer, store: Store, there: SmallIssuer) -> Any:
    where, cookie = issuer.begin(store, BACK, "/nights")
    return issuer.finish(store, cookie, there.authorize(where))


def test_somebody_logs_in(there: SmallIssuer, store: Store) -> None:
    identity, following = log_in(ours(there), store, there)
    assert (identity.issuer, identity.subject, identity.name) == (there.address, "7", "ada")
    assert (identity.rights, following) == ({"ztf:partnership"}, "/nights")


def test_without_a_claim_or_a_table_there_are_no_rights(there: SmallIssuer, store: Store) -> None:
    for less in ({"oidc_rights_claim": ""}, {"oidc_rights": {}}, {"oidc_rights": {"others": "ztf:caltech"}}):
        assert log_in(ours(there, **less), store, there)[0].rights == frozenset()


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"exp": None},
        {"exp": "an hour ago"},
        {"iat": "in an hour"},
        {"azp": "another"},
    ],
    ids=str,
)
def test_a_word_that_does_not_hold(there: SmallIssuer, store: Store, change: dict[str, Any]) -> None:
    seconds = {"an hour ago": -3600, "in an hour": 3600}
    there.change = {
        name: int(time.time()) + seconds[said] if said in seconds else said for name, said in change.items()
    }
    with pytest.raises(AccountError, match="word does not hold"):
        log_in(ours(there), store, there)


def test_a_word_that_somebody_else_signed(there: SmallIssuer, store: Store) -> None:
    there.signs_with = ECKey.generate_key("P-256", {"kid": "one", "alg": "ES256"})
    with pytest.raises(AccountError, match="word does not hold"):
        log_in(ours(there), store, there)


def test_an_issuer_changes_its_key(there: SmallIssuer, store: Store) -> None:
    issuer = ours(there)
    log_in(issuer, store, there)
    there.key = there.signs_with = there.new_key("two")
    assert log_in(issuer, store, there)[0].subject == "7"


def test_an_answer_that_was_not_asked_for(there: SmallIssuer, store: Store, tmp_path: Path) -> None:
    issuer = ours(there)
    where, cookie = issuer.begin(store, BACK, "/")
    _, others = issuer.begin(store, BACK, "/")
    _, foreign = issuer.begin(Store(tmp_path / "other"), BACK, "/")
    answer = there.authorize(where)
    no_state, no_code = {"code": answer["code"]}, {"state": "x"}
    tried = [
        ("", answer),
        ("x.y.z", answer),
        (others, answer),
        (foreign, answer),
        (cookie, no_state),
        (cookie, no_code),
    ]
    for kept, said in [*tried, (cookie, {**answer, "state": "forged"}), (cookie, {})]:
        with pytest.raises(AccountError, match="begin again"):
            issuer.finish(store, kept, said)
    with pytest.raises(AccountError, match="refused: no thanks"):
        issuer.finish(store, cookie, {"state": answer["state"], "error": "x", "error_description": "no thanks"})
    assert issuer.finish(store, cookie, answer)[0].subject == "7"
    with pytest.raises(AccountError, match="did not exchange"):
        issuer.finish(store, cookie, answer)


def test_an_issuer_that_cannot_be_used(there: SmallIssuer, store: Store) -> None:
    with pytest.raises(AccountError, match="over https"):
        ours(there, oidc_issuer="http://login.example")
    with pytest.raises(AccountError, match="did not answer"):
        ours(there, oidc_issuer=f"{there.address}/elsewhere").begin(store, BACK, "/")
    with pytest.raises(AccountError, match="says that it is"):
        ours(there, oidc_issuer=there.address.replace("127.0.0.1", "localhost")).begin(store, BACK, "/")
    assert issuer_of(Settings()) is None
