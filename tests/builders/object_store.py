"""An object store in memory, of a test's own: moto's server as a process."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from fink_lib.host import ports

BUCKET = "lake"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "of-a-test", "AWS_SECRET_ACCESS_KEY": "of-a-test"}
START_S = 120.0


@contextmanager
def object_store() -> Iterator[str]:
    """Run a store with one empty bucket; yield its address. Whoever asks it needs the `CREDENTIALS`."""
    port = ports.free_ports(1)[0]
    url = f"http://{ports.LOOPBACK}:{port}"
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", ports.LOOPBACK, "-p", str(port)]
    quiet = subprocess.DEVNULL
    environment = {**os.environ, **CREDENTIALS, "AWS_EC2_METADATA_DISABLED": "true"}
    with subprocess.Popen(command, stdout=quiet, stderr=quiet, env=environment) as server:
        try:
            _await(url)
            httpx.put(f"{url}/{BUCKET}", trust_env=False, timeout=START_S).raise_for_status()
            yield url
        finally:
            server.terminate()


@contextmanager
def heedless(store: str) -> Iterator[str]:
    """Put something before a store that drops the condition of a write, as stores do that do not know it."""
    with httpx.Client(base_url=store, trust_env=False, timeout=START_S) as behind:

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def carry(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = [(name, value) for name, value in self.headers.items() if name.lower() != "if-none-match"]
                answer = behind.request(self.command, self.path, content=body, headers=headers)
                self.send_response(answer.status_code)
                for name, value in answer.headers.items():
                    if name.lower() not in {"transfer-encoding", "connection", "content-encoding"}:
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.content)

            def __getattr__(self, name: str) -> object:
                if name.startswith("do_"):
                    return self.carry
                raise AttributeError(name)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        with ThreadingHTTPServer((ports.LOOPBACK, 0), Door) as server:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            yield f"http://{ports.LOOPBACK}:{server.server_address[1]}"
            server.shutdown()
            thread.join()


def _await(url: str) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            httpx.get(f"{url}/moto-api/", trust_env=False)
        except httpx.HTTPError:
            assert time.monotonic() < deadline, "the object store does not answer"
            time.sleep(0.1)
        else:
            return
