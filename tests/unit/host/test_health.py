"""A server that is there is asked; one that does not answer is not called running."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import psutil

from fink_lib.host.health import RUNNING, STOPPED, UNANSWERING, state_of
from fink_lib.host.services import AIRFLOW, API, KAFKA, Service

WELL = {name: {"status": "healthy"} for name in ("metadatabase", "scheduler", "triggerer", "dag_processor")}


def service(port: int, *, alive: bool = True) -> Service:
    return Service(os.getpid(), psutil.Process().create_time() - (0 if alive else 100), port, "log")


@contextmanager
def answering(parts: dict[str, dict[str, str]], status: int = 200) -> Iterator[int]:
    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(parts).encode())

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Health) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_a_server_is_running_only_when_it_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert state_of(KAFKA, service(port)) == RUNNING
        assert state_of(KAFKA, service(port, alive=False)) == STOPPED
    assert state_of(KAFKA, service(port)) == UNANSWERING


def test_airflow_is_running_only_with_all_its_parts() -> None:
    with answering(WELL) as port:
        assert state_of(AIRFLOW, service(port)) == RUNNING
    with answering(WELL | {"triggerer": {"status": "unhealthy"}}) as port:
        assert state_of(AIRFLOW, service(port)) == "without triggerer"
    with answering({}, status=500) as port:
        assert state_of(AIRFLOW, service(port)) == UNANSWERING


def test_the_api_is_running_only_when_a_server_answers_behind_the_port_that_is_kept() -> None:
    with socket.create_server(("127.0.0.1", 0)) as kept:
        assert state_of(API, service(kept.getsockname()[1])) == UNANSWERING
    with answering({}) as port:
        assert state_of(API, service(port)) == RUNNING
    with answering({}, status=500) as port:
        assert state_of(API, service(port)) == UNANSWERING
