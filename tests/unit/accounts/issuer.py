"""A small issuer of OpenID Connect on loopback: discovery, keys, codes for PKCE, and tokens that it signs."""

import hashlib
import json
import time
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

CLIENT = "fink"


class SmallIssuer(ThreadingHTTPServer):
    """Lets everybody in as the same person; `change` alters the claims of the next id_token."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.key = self.new_key("one")
        self.signs_with = self.key
        self.change: dict[str, Any] = {}
        self.asked: dict[str, dict[str, str]] = {}
        self.algorithm = "ES256"

    @staticmethod
    def new_key(name: str) -> ECKey:
        return ECKey.generate_key("P-256", {"kid": name, "alg": "ES256", "use": "sig"})

    def authorize(self, address: str) -> dict[str, str]:
        """Return what a browser brings back from here."""
        said = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert said["code_challenge_method"] == "S256"
        code = f"code-{len(self.asked)}"
        self.asked[code] = said
        return {"code": code, "state": said["state"]}

    def word(self, said: dict[str, str]) -> str:
        now = int(time.time())
        claims = {"iss": self.address, "aud": CLIENT, "sub": "7", "iat": now, "exp": now + 300, "nonce": said["nonce"],
                  "preferred_username": "ada", "email": "ada@example.org", "groups": ["ztf-members"]}  # fmt: skip
        changed = {name: value for name, value in {**claims, **self.change}.items() if value is not None}
        return jwt.encode({"alg": self.algorithm, "kid": self.signs_with.kid}, changed, self.signs_with)


class Answers(BaseHTTPRequestHandler):
    server: SmallIssuer

    def do_GET(self) -> None:
        issuer = self.server
        facts = {"issuer": issuer.address, "authorization_endpoint": f"{issuer.address}/authorize",
                 "token_endpoint": f"{issuer.address}/token", "jwks_uri": f"{issuer.address}/keys"}  # fmt: skip
        known = {"/.well-known/openid-configuration": facts, "/keys": {"keys": [issuer.key.as_dict(private=False)]}}
        self._say(known.get(self.path))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        sent = {name: values[0] for name, values in parse_qs(body).items()}
        said = self.server.asked.pop(sent["code"], None)
        proof = urlsafe_b64encode(hashlib.sha256(sent["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if said is None or proof != said["code_challenge"] or sent["redirect_uri"] != said["redirect_uri"]:
            self._say({"error": "invalid_grant"}, 400)
            return
        self._say({"access_token": "x", "token_type": "Bearer", "id_token": self.server.word(said)})

    def _say(self, told: Any, status: int = 200) -> None:
        self.send_response(404 if told is None else status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())

    def log_message(self, *_: Any) -> None:
        pass
