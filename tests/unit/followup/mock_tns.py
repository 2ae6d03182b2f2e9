"""The Transient Name Server as its manuals tell: reports are taken at once, judged later, and asked for by number.

It knows bots by their marker and key, judges the fields that its manual calls mandatory, takes a second report of the
same object for a known one, and an identical one for a mistake. What goes wrong is planned by a test.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

MARKER = 'tns_marker{"tns_id":48,"type":"bot","name":"a_bot"}'
KEY = "a-key"
NEEDED = ("ra", "dec", "reporting_group_id", "discovery_data_source_id", "reporter", "discovery_datetime", "at_type")
POINT = ("obsdate", "flux", "flux_units", "filter_value", "instrument_value")
Facts = dict[str, Any]


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Routes)
        self.reports: dict[int, Facts] = {}
        self.objects: dict[str, str] = {}  # internal name → name
        self.files: dict[str, str] = {}
        self.planned: list[tuple[int, dict[str, str], Facts]] = []  # of the next reports
        self.drops = 0  # connections that end after a report was taken
        self.busy = 1  # answers that a report is not judged yet

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: Any) -> None:
        pass  # a client that was killed

    def judge(self, number: int) -> tuple[int, Facts]:
        """Return status and feedback of a report."""
        report = self.reports[number]
        if "classification_report" in report:
            entry = report["classification_report"]["0"]
            spectrum = entry["spectra"]["spectra-group"]["0"]
            if spectrum["ascii_file"] not in self.files:
                return 400, {"classification_report": [{"spectra": [{"message": "the file was not uploaded"}]}]}
            return 200, {"classification_report": [{"100": {"message": "Classified", "objname": entry["name"]}}]}
        entry = report["at_report"]["0"]
        if wrong := _errors(entry):
            return 400, {"at_report": [wrong]}
        twice = [one for at, one in self.reports.items() if at < number and one == report]
        if twice:
            said = "An identical AT report (sender, RA/DEC, discovery date) already exists."
            return 400, {"at_report": [{"at_rep": [{"message": said, "message_id": 5}]}]}
        known = entry["internal_name"] in self.objects
        name = self.objects.setdefault(entry["internal_name"], f"2026a{len(self.objects):02d}")
        code, said = ("101", "Object exists") if known else ("100", "Object was inserted")
        return 200, {"at_report": [{code: {"objname": name, "message": said}}]}


def _errors(entry: Facts) -> Facts:
    required = [{"message": "Required field", "message_id": 3}]
    found: Facts = {name: {"value": required} for name in NEEDED if not entry.get(name)}
    point = entry["photometry"]["photometry_group"]["0"]
    if missing := [name for name in POINT if not point.get(name)]:
        found["photometry"] = {name: {"value": required} for name in missing}
    limit = entry.get("non_detection") or {}
    if "archiveid" not in limit and not limit.get("limiting_flux"):
        said = "Last non-detection or archival info must be filled"
        found["non_detection"] = [{"message": said, "message_id": 6}]
    elif limit.get("obsdate", "") >= entry["discovery_datetime"]:
        found["non_detection"] = [{"message": "Last non-detection should precede the Discovery", "message_id": 1}]
    return found


class Routes(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: Any) -> None:
        pass

    def tell(self, status: int, data: Any = None, headers: dict[str, str] | None = None, said: str = "") -> None:
        words = said or {200: "OK", 400: "Bad request", 404: "Not found"}.get(status, "Error")
        body = json.dumps({"id_code": status, "id_message": words, "data": data or {}}).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("User-Agent") != MARKER:
            self.tell(403, said="Forbidden")
            return
        route = self.path.removeprefix("/api/")
        fields, files = self.form(body)
        if fields.get("api_key") != KEY:
            self.tell(401, said="Unauthorized: the key is not known")
            return
        {"set/file-upload": self.upload, "set/bulk-report": self.report, "get/bulk-report-reply": self.reply,
         "get/search": self.look}[route](fields, files)  # fmt: skip

    def form(self, body: bytes) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
        kind = self.headers["Content-Type"]
        if not kind.startswith("multipart/"):
            return {name: values[0] for name, values in parse_qs(body.decode()).items()}, {}
        whole = BytesParser(EmailMessage, policy=HTTP).parsebytes(
            b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body
        )
        fields: dict[str, str] = {}
        files: dict[str, tuple[str, str]] = {}
        for part in whole.iter_parts():
            name = str(part.get_param("name", header="content-disposition"))
            text = part.get_content()
            if (file := part.get_filename()) is not None:
                files[name] = file, text.replace("\r\n", "\n")
            else:
                fields[name] = text.strip()
        return fields, files

    def upload(self, _fields: Any, files: dict[str, tuple[str, str]]) -> None:
        name, text = files["files[0]"]
        given = f"2026_{name}"
        self.server.files[given] = text
        self.tell(200, [given])

    def report(self, fields: dict[str, str], _files: Any) -> None:
        if self.server.planned:
            status, headers, facts = self.server.planned.pop(0)
            self.tell(status, facts.get("data"), headers, facts.get("said", ""))
            return
        number = 70001 + len(self.server.reports)
        self.server.reports[number] = json.loads(fields["data"])
        if self.server.drops:
            self.server.drops -= 1
            self.server.judge(number)
            self.close_connection = True
            self.connection.close()
            return
        self.tell(200, {"report_id": number})

    def reply(self, fields: dict[str, str], _files: Any) -> None:
        if self.server.busy:
            self.server.busy -= 1
            self.tell(404)
            return
        status, feedback = self.server.judge(int(fields["report_id"]))
        self.tell(status, {"feedback": feedback})

    def look(self, fields: dict[str, str], _files: Any) -> None:
        asked = json.loads(fields["data"])
        name = self.server.objects.get(asked["internal_name"])
        self.tell(200, {"reply": [{"objname": name, "prefix": "AT"}] if name else []})


@contextmanager
def tns() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
