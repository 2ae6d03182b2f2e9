"""Real servers on this machine that keep what they are sent: a mail server, and one that takes posts."""

import io
import json
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest


class MailDialogue(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as a client needs to deliver one message."""

    def handle(self) -> None:
        self.reply("220 here")
        while line := self.rfile.readline():
            word = line[:4].upper().strip()
            if word == b"EHLO" and self.server.tls and not isinstance(self.connection, ssl.SSLSocket):  # type: ignore[attr-defined]
                self.reply("250-here\r\n250 STARTTLS")
                continue
            if word == b"STAR":
                self.reply("220 go on")
                self.encrypt()
                continue
            if word == b"EHLO" and self.server.tls:  # type: ignore[attr-defined]
                self.reply("250-here\r\n250 AUTH PLAIN")
                continue
            if word == b"AUTH":
                self.reply("235 welcome")
                continue
            self.server.encrypted.append(isinstance(self.connection, ssl.SSLSocket))  # type: ignore[attr-defined]
            if word == b"RCPT" and self.server.refuses:  # type: ignore[attr-defined]
                self.reply("550 nobody of that name")
                continue
            if word == b"DATA":
                self.reply("354 go on")
                body = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    body += part.removeprefix(b".")
                self.server.mails.append(body)  # type: ignore[attr-defined]  # made by the fixture
            self.reply("221 bye" if word == b"QUIT" else "250 fine")
            if word == b"QUIT":
                return

    def encrypt(self) -> None:
        try:
            self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)  # type: ignore[attr-defined]
        except ssl.SSLError:  # the client does not trust the certificate
            self.rfile = io.BytesIO()
            return
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)

    def finish(self) -> None:
        super().finish()
        if isinstance(self.connection, ssl.SSLSocket):
            self.connection.close()

    def reply(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


class Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append(json.loads(body))  # type: ignore[attr-defined]  # made by the fixture
        time.sleep(self.server.thinks_s)  # type: ignore[attr-defined]
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
    server.mails, server.refuses = [], False  # type: ignore[attr-defined]
    server.encrypted, server.tls = [], None  # type: ignore[attr-defined]
    yield from serving(server)


@pytest.fixture
def hook() -> Iterator[Any]:
    server = HTTPServer(("127.0.0.1", 0), Hook)
    server.posts, server.answer, server.thinks_s = [], 200, 0.0  # type: ignore[attr-defined]
    yield from serving(server)
