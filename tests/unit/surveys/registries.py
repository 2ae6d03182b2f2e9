"""A schema registry whose ids a test chooses, below a path, as Rubin's: GET of a schema by its id, and of subjects."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PREFIX = "/schema-registry"


class Registry:
    """What it holds, and what it was asked for."""

    def __init__(self, schemas: Mapping[int, Any]) -> None:
        self.schemas = dict(schemas)
        self.asked: list[int] = []
        self.url = ""


def _of_subjects(schemas: Mapping[int, Any], path: str) -> Any:
    """Answer as a registry that has each schema under a subject of its own, and one of somebody else."""
    names = {f"lsst-alerts-v{number // 100}.{number % 100}-value": number for number in schemas}
    parts = path.partition("?")[0].strip("/").split("/")
    if parts == [""]:
        return ["somebody-else-value", *names]
    number = names[parts[0]]
    if len(parts) == len(("subject", "versions")):
        return [1]
    return {"subject": parts[0], "version": 1, "id": number, "schema": json.dumps(schemas[number])}


@contextmanager
def registry(schemas: Mapping[int, Any], port: int = 0) -> Iterator[Registry]:
    """Serve some schemas by their ids on the loopback."""
    held = Registry(schemas)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            where, _, name = self.path.partition("?")[0].rpartition("/")
            found = None
            if self.path.startswith(f"{PREFIX}/subjects"):
                self._answer(200, _of_subjects(held.schemas, self.path.removeprefix(f"{PREFIX}/subjects")))
                return
            if where == f"{PREFIX}/schemas/ids":
                held.asked.append(int(name))
                found = held.schemas.get(int(name))
            told = (
                {"error_code": 40403, "message": "Schema not found"} if found is None else {"schema": json.dumps(found)}
            )
            self._answer(404 if found is None else 200, told)

        def _answer(self, status: int, told: Any) -> None:
            content = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        held.url = f"http://127.0.0.1:{server.server_address[1]}{PREFIX}"
        try:
            yield held
        finally:
            server.shutdown()
            thread.join()
