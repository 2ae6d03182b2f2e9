"""Tables that a query brings by an address: fetched from public hosts alone, never from this machine or its network."""

import ipaddress
import socket
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import httpx

from fink_lib.api.http.errors import Refused
from fink_lib.api.http.parameters import MOST_BODY_BYTES

SCHEMES = {"http": 80, "https": 443}
TIMEOUT_S, WHOLE_S = 20.0, 60.0  # until something comes, and for all of it
AT_ONCE = threading.BoundedSemaphore(2)
FIX = "send the VOTable beside the request: UPLOAD=name,param:part"


def fetched(url: str) -> bytes:
    """Return what lies at an address.

    Raises
    ------
    Refused
        When it is none of a public host, or does not answer with a file of the allowed size.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or SCHEMES.get(parts.scheme, 0)
    except ValueError as error:
        raise _wrong(f"'{url[:100]}' is no address of a table") from error
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise _wrong(f"'{url[:100]}' is no address of a table")
    address = public_address(parts.hostname, port)
    host = f"[{address}]" if ":" in address else address
    place = parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host).geturl()
    said: dict[str, Any] = {"headers": {"Host": parts.netloc}, "extensions": {"sni_hostname": parts.hostname}}
    if not AT_ONCE.acquire(timeout=TIMEOUT_S):
        raise _wrong("too many tables are being fetched")
    try:
        return _read(url, place, said)
    except httpx.HTTPError as error:
        raise _wrong(f"'{url[:100]}' cannot be fetched: {type(error).__name__}") from error
    finally:
        AT_ONCE.release()


def _read(url: str, place: str, said: dict[str, Any]) -> bytes:
    """Read at the very address that was judged, whatever the name means a moment later; redirects are not followed."""
    content, until = bytearray(), time.monotonic() + WHOLE_S
    with httpx.Client(timeout=TIMEOUT_S, trust_env=False) as http, http.stream("GET", place, **said) as got:
        got.raise_for_status()
        for piece in got.iter_bytes():
            content += piece
            if len(content) > MOST_BODY_BYTES:
                raise _wrong(f"'{url[:100]}' has more than {MOST_BODY_BYTES} bytes")
            if time.monotonic() > until:
                raise _wrong(f"'{url[:100]}' took longer than {WHOLE_S:g} s")
    return bytes(content)


def public_address(host: str, port: int) -> str:
    """Return the address of a host.

    Parameters
    ----------
    host
        Name or address.
    port
        Port that is to be reached.

    Returns
    -------
    An IP address as text.

    Raises
    ------
    Refused
        When it has none, or any of its addresses is not public.
    """
    try:
        found = {str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise _wrong(f"there is no host '{host[:100]}'") from error
    if not all(ipaddress.ip_address(one).is_global for one in found):
        raise _wrong(f"'{host[:100]}' is no public host")
    return min(found)


def _wrong(message: str) -> Refused:
    return Refused(message, parameter="UPLOAD", fix=FIX)
