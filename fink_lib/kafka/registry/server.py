"""The registry as a server on the loopback: registering and reading, which is all that readers of topics need.

It checks that a schema is Avro; it checks no compatibility between versions, and has no users. A registry that
does both is set by ``FINK_SCHEMA_REGISTRY`` instead.
"""

import json
import re
import signal
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from fink_lib.kafka.registry.store import SchemaStore, Version

LOOPBACK = "127.0.0.1"
CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"
LONGEST_BODY_BYTES = 4_000_000
# Codes of the protocol.
NO_SUBJECT, NO_VERSION, NO_SCHEMA, NOT_AVRO, NO_PATH, UNREADABLE = 40401, 40402, 40403, 42201, 404, 400


class Refused(Exception):
    """A request that is answered with an error of the protocol."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def _facts(one: Version) -> dict[str, Any]:
    return {"subject": one.subject, "version": one.version, "id": one.schema_id, "schema": one.schema}


def _versions(store: SchemaStore, subject: str) -> list[Version]:
    found = store.versions(subject)
    if not found:
        raise Refused(NO_SUBJECT, f"Subject '{subject}' not found.")
    return found


def _by_id(store: SchemaStore, number: str) -> Any:
    schema = store.schema(int(number))
    if schema is None:
        raise Refused(NO_SCHEMA, f"Schema {number} not found")
    return {"schema": schema}


def _one_version(store: SchemaStore, subject: str, which: str) -> Any:
    found = _versions(store, subject)
    if which == "latest":
        return _facts(found[-1])
    if not 1 <= int(which) <= len(found):
        raise Refused(NO_VERSION, f"Version {which} not found.")
    return _facts(found[int(which) - 1])


READ: tuple[tuple[re.Pattern[str], Callable[..., Any]], ...] = (
    (re.compile(r"/subjects"), lambda store: store.subjects()),
    (re.compile(r"/subjects/([^/]+)/versions"), lambda store, name: [v.version for v in _versions(store, name)]),
    (re.compile(r"/subjects/([^/]+)/versions/(latest|[0-9]{1,9})"), _one_version),
    (re.compile(r"/schemas/ids/([0-9]{1,9})"), _by_id),
)
REGISTER = re.compile(r"/subjects/([^/]+)/versions")


def read(store: SchemaStore, path: str) -> Any:
    """Answer a GET.

    Parameters
    ----------
    store
        The schemas.
    path
        Path of the URL, without a query.

    Returns
    -------
    What is sent as JSON.

    Raises
    ------
    Refused
        When there is nothing at this path.
    """
    for pattern, answer in READ:
        if match := pattern.fullmatch(path):
            return answer(store, *map(unquote, match.groups()))
    raise Refused(NO_PATH, "HTTP 404 Not Found")


def write(store: SchemaStore, path: str, body: bytes) -> Any:
    """Answer a POST.

    Parameters
    ----------
    store
        The schemas.
    path
        Path of the URL, without a query.
    body
        JSON with ``schema``, and ``schemaType`` if it is given.

    Returns
    -------
    What is sent as JSON.

    Raises
    ------
    Refused
        When the path or the body cannot be used.
    """
    match = REGISTER.fullmatch(path)
    if match is None:
        raise Refused(NO_PATH, "HTTP 404 Not Found")
    try:
        asked = json.loads(body)
        schema, kind = str(asked["schema"]), asked.get("schemaType") or "AVRO"
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(UNREADABLE, "the body must be JSON with a schema") from error
    if kind != "AVRO":
        raise Refused(NOT_AVRO, f"this registry keeps Avro, not {kind}")
    try:
        return _facts(store.register(unquote(match[1]), schema))
    except ValueError as error:
        raise Refused(NOT_AVRO, str(error)) from error


def _handler(store: SchemaStore) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(lambda path: read(store, path))

        def do_POST(self) -> None:
            told = self.headers.get("Content-Length") or "0"
            size = int(told) if told.isdecimal() else LONGEST_BODY_BYTES + 1
            body = self.rfile.read(size) if size <= LONGEST_BODY_BYTES else b""
            self.close_connection = size > LONGEST_BODY_BYTES
            self._answer(lambda path: write(store, path, body))

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            """Say nothing of a request that went well."""

        def _answer(self, work: Callable[[str], Any]) -> None:
            status, told = int(HTTPStatus.OK), None
            try:
                told = work(urlsplit(self.path).path)
            except Refused as refusal:
                status = int(str(refusal.code)[:3])
                told = {"error_code": refusal.code, "message": str(refusal)}
            content = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler


def make_server(path: Path, port: int) -> ThreadingHTTPServer:
    """Return a server over the store of a file, bound and not yet serving; port 0 takes a free one.

    Parameters
    ----------
    path
        File of the store; it is made with the first schema.
    port
        Port on the loopback.
    """
    return ThreadingHTTPServer((LOOPBACK, port), _handler(SchemaStore(path)))


def main(path: str, port: str) -> None:
    """Serve until SIGTERM.

    Parameters
    ----------
    path
        File of the store.
    port
        Port on the loopback, as a number in text.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with make_server(Path(path), int(port)) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
