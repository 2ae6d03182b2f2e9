"""Tables in an S3-compatible object store: how delta-rs reaches it, and whether it decides who commits first.

A commit there is one PUT with ``If-None-Match: *``: the store answers 412 to whoever comes second. A store that ignores
the condition answers 200 to both, and the first one's rows are gone from the table. Some do, so each is asked before it
is trusted.
"""

import uuid
from http import HTTPStatus
from urllib.parse import urlsplit

from pyarrow.fs import S3FileSystem

from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.lake.object_request import ask

SCHEMES = ("s3", "s3a")
TIMEOUT_S = 60  # Arrow would wait three seconds
DEFAULT_REGION = "us-east-1"
FIX = "see `Tables in an object store` in docs/operator.md for stores that decide"


def region(settings: Settings) -> str:
    """Return the region that requests are signed for."""
    return settings.s3_region or DEFAULT_REGION


def storage_options(settings: Settings) -> dict[str, str]:
    """Return what delta-rs is told of the store; credentials it takes from the environment."""
    options = {
        "aws_region": region(settings),
        "aws_conditional_put": "etag",
        "aws_virtual_hosted_style_request": str(not settings.s3_path_style).lower(),
    }
    if settings.s3_endpoint:
        options["aws_endpoint"] = settings.s3_endpoint
        options["aws_allow_http"] = str(settings.s3_endpoint.startswith("http://")).lower()
    return options


def file_system(settings: Settings) -> S3FileSystem:
    """Return the store as Arrow sees it; credentials are those of the environment."""
    endpoint = urlsplit(settings.s3_endpoint)
    named = {"endpoint_override": endpoint.netloc, "scheme": endpoint.scheme} if settings.s3_endpoint else {}
    patience = {"connect_timeout": TIMEOUT_S, "request_timeout": TIMEOUT_S}
    style = {"force_virtual_addressing": not settings.s3_path_style}
    return S3FileSystem(region=region(settings), **style, **named, **patience)


def in_store(url: str) -> str:
    """Return bucket and key of an address, as Arrow names them.

    Raises
    ------
    HostError
        When it is no address of an object store.
    """
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.netloc:
        raise HostError(f"'{url}' is no place in an object store: it is written s3://bucket/path")
    return f"{parts.netloc}{parts.path}".rstrip("/")


def address(settings: Settings, place: str) -> str:
    """Return where an object is asked for by HTTP.

    Parameters
    ----------
    settings
        How the store is reached.
    place
        Bucket and key, as `in_store` returns them.
    """
    store = settings.s3_endpoint or f"https://s3.{region(settings)}.amazonaws.com"
    if settings.s3_path_style:
        return f"{store}/{place}"
    scheme, host = store.split("://")
    bucket, _, key = place.partition("/")
    return f"{scheme}://{bucket}.{host}/{key}"


def require_conditional(url: str, settings: Settings) -> None:
    """Make sure that a store lets one of two commits be the first.

    An object is written twice, both times on the condition that it is not there: the second time must be refused. This
    shows that the store heeds the condition, not that it does so when both ask at the same instant: for that, let
    processes race (`fink bench commits --at`).

    Parameters
    ----------
    url
        Place in the store, ``s3://bucket/path``; nothing stays there.
    settings
        How the store is reached.

    Raises
    ------
    HostError
        When it cannot be reached or written, or does not heed the condition.
    """
    probe = address(settings, f"{in_store(url)}/fink-probe-{uuid.uuid4().hex}")
    first, second = (
        ask("PUT", probe, {"If-None-Match": "*"}, body, region(settings)) for body in (b"first", b"second")
    )
    if first == HTTPStatus.OK:
        ask("DELETE", probe, {}, b"", region(settings))
    else:
        raise HostError(f"{url} cannot be written: the store answers {first} to a PUT; check bucket, rights and region")
    if second != HTTPStatus.PRECONDITION_FAILED:
        raise HostError(
            f"tables cannot be kept in {url}: the store answers {second} instead of 412 to a second writer "
            f"(If-None-Match: *), so both would be told that a commit is theirs; {FIX}"
        )
