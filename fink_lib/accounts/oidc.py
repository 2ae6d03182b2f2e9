"""Login by an issuer of OpenID Connect: authorization code with PKCE; its signed word is checked, not trusted."""

import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from itsdangerous import BadSignature, URLSafeTimedSerializer

from fink_lib.accounts.store import Store
from fink_lib.config import Settings
from fink_lib.errors import AccountError

PENDING_S = 600
KEEP_S = 3_600.0
ANSWER_S = 10.0
LEEWAY_S = 60
SIGNATURES = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Identity:
    """What an issuer says of somebody.

    Attributes
    ----------
    issuer, subject
        Who says it, and of whom: the two together never change.
    name, email
        How he is called there.
    rights
        Rights that it vouches for.
    """

    issuer: str
    subject: str
    name: str
    email: str
    rights: frozenset[str]


class Issuer:
    """The issuer that the settings name.

    Parameters
    ----------
    settings
        Its address, our name and password there, and which of its claims are rights.
    """

    def __init__(self, settings: Settings) -> None:
        self.address = settings.oidc_issuer.rstrip("/")
        self._settings = settings
        self._facts: dict[str, Any] = {}
        self._keys: dict[str, Any] = {}
        self._read_at = -KEEP_S
        parts = urlsplit(self.address)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise AccountError(f"FINK_OIDC_ISSUER={self.address}: an issuer is asked over https")

    def begin(self, store: Store, back: str, following: str) -> tuple[str, str]:
        """Return the address that a browser is sent to, and what it must bring back as a cookie.

        Parameters
        ----------
        store
            Whose key signs the cookie.
        back
            Our address that the issuer sends it back to.
        following
            Page to go to then.

        Raises
        ------
        AccountError
            When the issuer does not answer.
        """
        said = {"state": secrets.token_urlsafe(32), "nonce": secrets.token_urlsafe(32),
                "verifier": secrets.token_urlsafe(48), "back": back, "following": following}  # fmt: skip
        with self._client(back) as client:
            where, _ = client.create_authorization_url(
                self._metadata()["authorization_endpoint"],
                state=said["state"],
                nonce=said["nonce"],
                code_verifier=said["verifier"],
            )
        return str(where), str(_signer(store).dumps(said))

    def finish(self, store: Store, cookie: str, answer: dict[str, str]) -> tuple[Identity, str]:
        """Return who came back, and the page to go to.

        Parameters
        ----------
        store, cookie
            As `begin` gave it.
        answer
            What the issuer sent: ``code`` and ``state``, or ``error``.

        Raises
        ------
        AccountError
            When it is not the answer to what this browser began, or the issuer's word does not hold.
        """
        try:
            said = _signer(store).loads(cookie, max_age=PENDING_S)
        except BadSignature as error:
            raise AccountError("this login was not begun here, or too long ago: begin again") from error
        if not secrets.compare_digest(said["state"].encode(), answer.get("state", "").encode()):
            raise AccountError("this is not the answer to the login that was begun here: begin again")
        if "code" not in answer:
            raise AccountError(
                f"the issuer refused: {answer.get('error_description') or answer.get('error', 'no code')}"
            )
        word = self._exchange(said, answer["code"])
        return self._identity(self._checked(word, said["nonce"])), str(said["following"])

    def _exchange(self, said: dict[str, str], code: str) -> str:
        from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415 - only logins need it

        try:
            with self._client(said["back"]) as client:
                got = client.fetch_token(
                    self._metadata()["token_endpoint"], code=code, code_verifier=said["verifier"],
                    grant_type="authorization_code",
                )  # fmt: skip
        except (AuthlibBaseError, httpx.HTTPError, ValueError) as error:
            raise AccountError(f"the issuer did not exchange the code: {error}") from error
        word = got.get("id_token")
        if not isinstance(word, str):
            raise AccountError("the issuer sent no id_token")
        return word

    def _checked(self, word: str, nonce: str) -> dict[str, Any]:
        """Return the claims of an id_token whose signature, issuer, audience, time and nonce hold."""
        from joserfc import jwt  # noqa: PLC0415
        from joserfc.errors import JoseError  # noqa: PLC0415
        from joserfc.jwk import KeySet  # noqa: PLC0415

        client_id = self._settings.oidc_client_id
        rules = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self.address},
            aud={"essential": True, "value": client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        for is_last in (False, True):
            try:
                known = KeySet.import_key_set(self._jwks())  # type: ignore[arg-type]
                claims = jwt.decode(word, known, algorithms=SIGNATURES).claims
                break
            except (JoseError, ValueError) as error:
                if is_last:
                    raise AccountError(f"the issuer's word does not hold: {error}") from error
                self._read_at = -KEEP_S  # it may have new keys
        try:
            rules.validate({**claims, "iss": str(claims.get("iss", "")).rstrip("/")})
        except JoseError as error:
            raise AccountError(f"the issuer's word does not hold: {error}") from error
        if claims.get("azp", client_id) != client_id:
            raise AccountError("the issuer's word does not hold: it was given to another client")
        return dict(claims)

    def _identity(self, claims: dict[str, Any]) -> Identity:
        settings = self._settings
        told = claims.get(settings.oidc_rights_claim, []) if settings.oidc_rights_claim else []
        values = [told] if isinstance(told, str) else told if isinstance(told, list) else []
        rights = frozenset(settings.oidc_rights[one] for one in map(str, values) if one in settings.oidc_rights)
        email = str(claims.get("email", ""))
        wish = str(claims.get("preferred_username") or email.partition("@")[0] or claims.get("name") or "")
        return Identity(self.address, str(claims["sub"]), wish, email, rights)

    def _client(self, back: str) -> Any:
        from authlib.integrations.httpx_client import OAuth2Client  # noqa: PLC0415

        settings = self._settings
        method = "client_secret_basic" if settings.oidc_client_secret else "none"
        return OAuth2Client(
            settings.oidc_client_id, settings.oidc_client_secret or None, scope=settings.oidc_scopes,
            redirect_uri=back, code_challenge_method="S256", token_endpoint_auth_method=method, timeout=ANSWER_S,
            trust_env=urlsplit(self.address).hostname not in LOOPBACK,
        )  # fmt: skip

    def _metadata(self) -> dict[str, Any]:
        self._refresh()
        return self._facts

    def _jwks(self) -> dict[str, Any]:
        self._refresh()
        return self._keys

    def _refresh(self) -> None:
        """Read what the issuer says of itself, and its keys, once an hour."""
        if time.monotonic() - self._read_at < KEEP_S:
            return
        facts = self._read(f"{self.address}/.well-known/openid-configuration")
        if str(facts.get("issuer", "")).rstrip("/") != self.address:
            raise AccountError(f"{self.address} says that it is {facts.get('issuer')}: FINK_OIDC_ISSUER must be that")
        if missing := {"authorization_endpoint", "token_endpoint", "jwks_uri"} - facts.keys():
            raise AccountError(f"{self.address} does not tell its {min(missing)}")
        self._facts, self._keys = facts, self._read(facts["jwks_uri"])
        self._read_at = time.monotonic()

    def _read(self, address: str) -> dict[str, Any]:
        is_near = urlsplit(address).hostname in LOOPBACK
        try:
            with httpx.Client(timeout=ANSWER_S, trust_env=not is_near) as client:
                told = client.get(address).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise AccountError(f"the issuer did not answer at {address}: {error}") from error
        if not isinstance(told, dict):
            raise AccountError(f"the issuer's answer at {address} is no object")
        return told


def issuer_of(settings: Settings) -> Issuer | None:
    """Return the issuer that the settings name; None where they name none."""
    return Issuer(settings) if settings.oidc_issuer and settings.oidc_client_id else None


def _signer(store: Store) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(store.key, salt="oidc")
