"""Webhooks and mail servers that are dead or slow, while nights are told of amid new alerts."""

import socketserver
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from http.server import HTTPServer
from typing import Any
from unittest import mock

from fink_lib.host.ports import free_ports
from fink_lib.notices import senders
from fink_lib.notices.notice import Notice
from fink_lib.notices.outbox import Action, entries, queue
from fink_lib.notices.run import deliver_waiting
from fink_lib.notices.subscriptions import Sink, Subscription
from fink_lib.testing.nights import NIGHT
from tests.kills.chaos import Chaos
from tests.kills.kind import Kind, Send
from tests.unit.servers import Hook, MailDialogue, serving

PATIENCE_S = 0.5  # of the sender, in place of its twenty seconds
HOST = "127.0.0.1"


def hook_server(port: int, thinks_s: float) -> Any:
    """Return a server that takes posts."""
    server = HTTPServer((HOST, port), Hook)
    server.posts, server.answer, server.thinks_s = [], 200, thinks_s  # type: ignore[attr-defined]
    return server


def mail_server(port: int, _: float) -> Any:
    """Return a server that takes mails; its class lets a port be used again at once."""
    kind = type("Mails", (socketserver.TCPServer,), {"allow_reuse_address": True})
    server = kind((HOST, port), MailDialogue)
    server.posts = server.mails = []
    server.refuses, server.encrypted, server.tls = False, [], None
    return server


SERVERS: dict[Sink, Callable[[int, float], Any]] = {Sink.WEBHOOK: hook_server, Sink.MAIL: mail_server}
running = contextmanager(serving)


def told_of(chaos: Chaos, send: Send, sink: Sink, *, thinks_s: float) -> str:
    """Tell of a night somebody who does not answer (in time), then one who does: it arrives once, or is uncertain."""
    (port,) = free_ports(1)
    where = "people@example.org" if sink is Sink.MAIL else f"http://{HOST}:{port}"
    known = {"notice_retry_s": 0.05, "report_smtp": f"smtp://{HOST}:{port}"}
    settings, name = chaos.settings.model_copy(update=known), f"{sink}-{len(chaos.told)}"
    mine = Subscription(name, "ztf", "night", sink, where, live=True)
    assert queue(settings.lake, mine, Notice(name, "ztf", NIGHT.isoformat(), "a night", "it is closed", {}))
    send()
    with mock.patch.object(senders, "TIMEOUT_S", PATIENCE_S):
        if not thinks_s:
            first = deliver_waiting(settings, [mine])
            assert first == {Action.FAILED: 1}, first
        with running(SERVERS[sink](port, thinks_s)) as server:
            for _ in range(2):
                deliver_waiting(settings, [mine])
    assert len(server.posts) == 1, f"it was told {len(server.posts)} times"
    (entry,) = [one for one in entries(settings.lake) if one.subscription == name]
    assert entry.action is (Action.UNCERTAIN if thinks_s else Action.DELIVERED), entry
    chaos.told.append(name)
    return f"{entry.attempts} tries, then {entry.action}"


KINDS = (
    Kind("webhook dead", partial(told_of, sink=Sink.WEBHOOK, thinks_s=0.0),
         "tried again with pauses; told once; no stream waits for it", is_quick=True),
    Kind("webhook slow", partial(told_of, sink=Sink.WEBHOOK, thinks_s=2 * PATIENCE_S),
         "given up as uncertain, and not sent a second time"),
    Kind("mail server dead", partial(told_of, sink=Sink.MAIL, thinks_s=0.0),
         "tried again with pauses; told once; no stream waits for it"),
)  # fmt: skip
