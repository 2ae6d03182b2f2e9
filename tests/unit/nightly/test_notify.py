"""The report by mail and by webhook, to real servers on this machine."""

import email
import json
import socketserver
import threading
from collections.abc import Iterator
from email import policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from fink_lib.config import Settings
from fink_lib.nightly import report
from fink_lib.nightly.job import NightContext, perform
from fink_lib.nightly.notify import SENT, notify
from fink_lib.nightly.results import Step


class MailDialogue(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as a client needs to deliver one message."""

    def handle(self) -> None:
        self.reply("220 here")
        while line := self.rfile.readline():
            word = line[:4].upper().strip()
            if word == b"DATA":
                self.reply("354 go on")
                body = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    body += part.removeprefix(b".")
                self.server.mails.append(body)  # type: ignore[attr-defined]  # made by the fixture
            self.reply("221 bye" if word == b"QUIT" else "250 fine")
            if word == b"QUIT":
                return

    def reply(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


class Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append(json.loads(body))  # type: ignore[attr-defined]  # made by the fixture
        self.send_response(self.server.answer)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def serving(server: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def mail_server() -> Iterator[Any]:
    server = socketserver.TCPServer(("127.0.0.1", 0), MailDialogue)
    server.mails = []  # type: ignore[attr-defined]
    yield from serving(server)


@pytest.fixture
def hook() -> Iterator[Any]:
    server = HTTPServer(("127.0.0.1", 0), Hook)
    server.posts, server.answer = [], 200  # type: ignore[attr-defined]
    yield from serving(server)


def asking(settings: Settings, **wanted: Any) -> Settings:
    return settings.model_copy(update=wanted)


def drawn(context: NightContext) -> tuple[dict[str, Any], str]:
    facts = perform(context, Step.REPORT, report.draw)
    return facts, (context.folder / report.PAGE).read_text()


def test_the_page_comes_by_mail_once(good_results: NightContext, mail_server: Any) -> None:
    facts, page = drawn(good_results)
    where = f"smtp://127.0.0.1:{mail_server.server_address[1]}"
    settings = asking(good_results.settings, report_mail_to="a@example.org, b@example.org", report_smtp=where)
    notify(settings, good_results.folder, facts, page)
    notify(settings, good_results.folder, facts, page)  # a retried step
    (raw,) = mail_server.mails
    message = email.message_from_bytes(raw, policy=policy.default)
    assert message["Subject"] == "ZTF night 2021-11-22: closed"
    assert message["To"] == "a@example.org, b@example.org"
    text = message.get_body(("plain",)).get_content()
    assert "320 offered = 318 bronze + 2 quarantine" in text
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == "ztf_2021-11-22.html"
    assert attached.get_content().replace("\r\n", "\n").strip() == page.strip()
    notify(settings, good_results.folder, facts, page + "<!-- drawn anew -->")
    assert len(mail_server.mails) == 2


def test_the_verdict_is_posted(good_results: NightContext, hook: Any) -> None:
    facts, page = drawn(good_results)
    url = f"http://127.0.0.1:{hook.server_address[1]}/night"
    notify(asking(good_results.settings, report_webhook=url), good_results.folder, facts, page)
    (told,) = hook.posts
    assert (told["survey"], told["night"], told["verdict"]["state"]) == ("ztf", "2021-11-22", "holds")
    assert told["counts"]["offered"] == 320
    assert told["text"].startswith("ZTF night 2021-11-22: closed. The equation holds")


def test_what_is_not_taken_is_kept_and_tried_again(good_results: NightContext, hook: Any) -> None:
    facts, page = drawn(good_results)
    url = f"http://127.0.0.1:{hook.server_address[1]}/night"
    settings = asking(good_results.settings, report_webhook=url)
    hook.answer = 503
    assert "503" in notify(settings, good_results.folder, facts, page)[f"failed webhook {url}"]
    hook.answer = 200
    told = notify(settings, good_results.folder, facts, page)
    assert set(told) == {f"webhook {url}"}
    assert len(hook.posts) == 2


@pytest.mark.parametrize("smtp", ["smtp://127.0.0.1:1", "nonsense"])
def test_a_mail_server_that_is_not_there_stops_nothing(good_results: NightContext, smtp: str) -> None:
    wanted = asking(good_results.settings, report_mail_to="a@example.org", report_smtp=smtp)
    outcome = report.run(NightContext(wanted, good_results.survey, good_results.night, good_results.run_id))
    assert outcome.failure is None
    assert "failed mail a@example.org" in (good_results.folder / SENT).read_text()


def test_nobody_is_told_who_did_not_ask(good_results: NightContext, tmp_path: Path) -> None:
    facts, page = drawn(good_results)
    assert notify(good_results.settings, tmp_path, facts, page) == {}
    assert not (tmp_path / SENT).exists()
