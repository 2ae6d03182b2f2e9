"""A facility with the routes of the Observatory Control System, written from its public documents.

It judges a request group as the portal does (fields that must be there, windows that end after they begin), knows them
by id and name, and tells their states. What goes wrong is planned by a test: an answer for the next post, or an
end of the connection after the request was taken.
"""

import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

NEEDED = ("name", "proposal", "ipp_value", "operator", "observation_type", "requests")
TYPES = ("NORMAL", "RAPID_RESPONSE", "TIME_CRITICAL")


class Facility(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Routes)
        self.groups: dict[int, dict[str, Any]] = {}
        self.posts: list[dict[str, Any]] = []
        self.planned: list[tuple[int, dict[str, str], str]] = []  # status, headers, body of the next posts
        self.drops = 0  # connections that end after the request was taken
        self.token = "secret"
        self.numbers = itertools.count(1001)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: Any) -> None:
        pass  # a client that was killed

    def errors(self, group: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {name: ["This field is required."] for name in NEEDED if name not in group}
        if group.get("observation_type") not in TYPES:
            found["observation_type"] = ["not a valid choice"]
        for request in group.get("requests", ()):
            for window in request["windows"]:
                if window["end"] <= window["start"]:
                    found["requests"] = [{"windows": ["end must be later than start"]}]
            for one in request["configurations"]:
                if not one["instrument_configs"] or one["instrument_configs"][0]["exposure_time"] <= 0:
                    found["requests"] = [{"configurations": ["exposure_time must be positive"]}]
        return found


class Routes(BaseHTTPRequestHandler):
    server: Facility

    def log_message(self, *_: Any) -> None:
        pass

    def tell(self, status: int, facts: Any, headers: dict[str, str] | None = None) -> None:
        body = facts.encode() if isinstance(facts, str) else json.dumps(facts).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def is_known(self) -> bool:
        if self.headers.get("Authorization") == f"Token {self.server.token}":
            return True
        self.tell(401, {"detail": "Invalid token."})
        return False

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.is_known():
            return
        parts = [part for part in self.path.split("/") if part]
        if parts[-1] == "cancel":
            self.server.groups[int(parts[-2])]["state"] = "CANCELED"
            self.tell(200, self.server.groups[int(parts[-2])])
            return
        group = json.loads(body)
        if parts[-1] == "validate":
            self.tell(200, {"request_durations": {}, "errors": self.server.errors(group)})
            return
        self.server.posts.append(group)
        if self.server.planned:
            status, headers, said = self.server.planned.pop(0)
            self.tell(status, said, headers)
            return
        self.take(group)

    def take(self, group: dict[str, Any]) -> None:
        if errors := self.server.errors(group):
            self.tell(400, errors)
            return
        number = next(self.server.numbers)
        requests = [{**one, "id": number * 10 + at, "state": "PENDING"} for at, one in enumerate(group["requests"])]
        self.server.groups[number] = {**group, "id": number, "state": "PENDING", "requests": requests}
        if self.server.drops:
            self.server.drops -= 1
            self.close_connection = True
            self.connection.close()
            return
        self.tell(201, self.server.groups[number])

    def do_GET(self) -> None:
        if not self.is_known():
            return
        where = urlsplit(self.path)
        parts = [part for part in where.path.split("/") if part]
        if parts[-1] == "requestgroups":
            name = parse_qs(where.query).get("name", [""])[0]
            found = [one for one in self.server.groups.values() if name in one["name"]]
            self.tell(200, {"count": len(found), "next": None, "previous": None, "results": found})
        elif parts[-1] == "observations":
            self.tell(200, [{"id": int(parts[-2]) * 10, "state": "COMPLETED", "site": "coj"}])
        else:
            group = self.server.groups.get(int(parts[-1]))
            self.tell(200 if group else 404, group or {"detail": "Not found."})


@contextmanager
def facility() -> Iterator[Facility]:
    server = Facility()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
