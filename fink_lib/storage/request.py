"""A single request to an S3-compatible store, signed (AWS Signature Version 4): for what no table library asks."""

import datetime as dt
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Self
from urllib.parse import quote, urlsplit

import httpx

from fink_lib.errors import HostError, StoreSilent

ALGORITHM = "AWS4-HMAC-SHA256"
TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Credentials:
    """Who asks."""

    key_id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)

    @classmethod
    def of_environment(cls) -> Self:
        """Read the variables that every client of such stores reads.

        Raises
        ------
        HostError
            When there are none.
        """
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        missing = [name for name in names if not os.environ.get(name)]
        if missing:
            raise HostError(f"no credentials for the object store: set {missing[0]} in the environment")
        key_id, secret = (os.environ[name] for name in names)
        return cls(key_id, secret, os.environ.get("AWS_SESSION_TOKEN", ""))


def signed_headers(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    credentials: Credentials,
    region: str,
    at: dt.datetime,
) -> dict[str, str]:
    """Return the headers of a request with its signature.

    Parameters
    ----------
    method, url, headers, body
        The request; the address has no query, and its path is not quoted.
    credentials, region
        Who asks, and where.
    at
        Time of the request (UTC); the store refuses one that is off by more than a quarter of an hour.
    """
    parts, day, moment = urlsplit(url), f"{at:%Y%m%d}", f"{at:%Y%m%dT%H%M%SZ}"
    digest = hashlib.sha256(body).hexdigest()
    given = {**headers, "Host": parts.netloc, "x-amz-content-sha256": digest, "x-amz-date": moment}
    if credentials.token:
        given["x-amz-security-token"] = credentials.token
    named = sorted((name.lower(), value.strip()) for name, value in given.items())
    names = ";".join(name for name, _ in named)
    lines = [method, quote(parts.path), "", *(f"{name}:{value}" for name, value in named), "", names, digest]
    scope = f"{day}/{region}/s3/aws4_request"
    wanted = "\n".join([ALGORITHM, moment, scope, hashlib.sha256("\n".join(lines).encode()).hexdigest()])
    key = f"AWS4{credentials.secret}".encode()
    for word in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, word.encode(), "sha256")
    signature = hmac.digest(key, wanted.encode(), "sha256").hex()
    said = f"{ALGORITHM} Credential={credentials.key_id}/{scope},SignedHeaders={names},Signature={signature}"
    return {**given, "Authorization": said}


@dataclass(frozen=True)
class Answer:
    """What a store answers.

    Attributes
    ----------
    status
        Of HTTP.
    headers
        By their names in small letters.
    body
        The object, or the store's own words.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """Return a header that every store sends.

        Raises
        ------
        HostError
            When it is not there.
        """
        if name not in self.headers:
            raise HostError(f"the object store answers without the header {name}: is a proxy before it that drops it?")
        return self.headers[name]

    def age_s(self) -> float:
        """Return how long ago the object was written, by the clock of its store, which tells whole seconds.

        Raises
        ------
        HostError
            When the answer does not tell.
        """
        said = {name: self.header(name) for name in ("date", "last-modified")}
        try:
            now, then = (parsedate_to_datetime(time) for time in said.values())
            return (now - then).total_seconds()
        except (ValueError, TypeError) as error:  # also a Date of the store and one of a proxy, in one header
            raise HostError(f"the object store answers with times that are none: {said}") from error


def ask(  # noqa: PLR0917 - a request, and how it is made
    method: str, url: str, headers: Mapping[str, str], body: bytes, region: str, timeout_s: float = TIMEOUT_S
) -> Answer:
    """Make a request in the name of the environment's credentials; return the answer.

    Parameters
    ----------
    method, url, headers, body
        The request; the address has no query, and its path is not quoted.
    region
        What it is signed for.
    timeout_s
        How long to wait for a connection, and for the answer.

    Raises
    ------
    HostError
        When there are no credentials; `StoreSilent` when nothing answers.
    """
    now = dt.datetime.now(dt.UTC)
    sent = signed_headers(method, url, headers, body, credentials=Credentials.of_environment(), region=region, at=now)
    parts = urlsplit(url)
    try:
        answer = httpx.request(
            method, f"{parts.scheme}://{parts.netloc}{quote(parts.path)}", headers=sent, content=body, timeout=timeout_s
        )
    except httpx.HTTPError as error:
        raise StoreSilent(f"{parts.scheme}://{parts.netloc} does not answer: {error}") from error
    return Answer(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, answer.content)
