"""Messages to Hermes and Hopskotch, VOEvents to a broker: each once, with the answer of the other side."""

import json
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from confluent_kafka import Producer
from hop import Stream  # type: ignore[import-untyped]
from hop.io import StartPosition  # type: ignore[import-untyped]

from fink_lib.errors import ConfigError
from fink_lib.followup.book import advance
from fink_lib.followup.states import State
from tests.unit.followup.report_desk import OBJECT, ReportDesk

SIGNED = {"reporter": "A. Observer", "live": True}


class Hermes(BaseHTTPRequestHandler):
    sent: list[tuple[str, dict[str, Any]]]
    refuses: bool
    fails: bool

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        judged = self.path.endswith("/validate/")
        type(self).sent.append((self.path, message))
        known = self.headers["Authorization"] == "Token a-key"
        status = 401 if not known else 400 if self.refuses and judged else 502 if self.fails and not judged else 200
        body = json.dumps({} if status == 200 else {"title": ["too dull"]}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def hermes(*, refuses: bool = False, fails: bool = False) -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    sent: list[tuple[str, dict[str, Any]]] = []
    handler = type("Mine", (Hermes,), {"sent": sent, "refuses": refuses, "fails": fails})
    with served(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as port:
        yield f"http://127.0.0.1:{port}", sent


@contextmanager
def served(server: socketserver.BaseServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_address[1]  # type: ignore[index, misc]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def hermes_of(address: str, **told: Any) -> dict[str, Any]:
    return {"service": "hermes", "provider": "hermes", "address": address, "token": "a-key", "topic": "hermes.test",
            **SIGNED, **told}  # fmt: skip


def test_a_message_is_judged_then_sent(tmp_path: Path) -> None:
    with hermes() as (address, sent):
        desk = ReportDesk(tmp_path, hermes_of(address))
        desk.approved("hermes", "message", title="A new one", text="It rises.")
        done = desk.run()
        desk.run()
    assert (done.state, done.reason) == (State.COMPLETED, "accepted for hermes.test")
    assert [path for path, _ in sent] == ["/api/v0/submit_message/validate/", "/api/v0/submit_message/"]
    assert (sent[1][1]["title"], sent[1][1]["topic"]) == ("A new one", "hermes.test")
    assert sent[1][1]["data"]["targets"][0]["name"] == OBJECT


def test_what_hermes_does_not_like(tmp_path: Path) -> None:
    with hermes(refuses=True) as (address, sent):
        desk = ReportDesk(tmp_path, hermes_of(address))
        desk.approved("hermes", "message")
        done = desk.run()
        assert (done.state, len(sent)) == (State.REFUSED, 1)
        assert done.reason == 'answered 400: {"title": ["too dull"]}'


def test_a_message_of_which_nobody_knows_is_not_sent_again(tmp_path: Path) -> None:
    with hermes(fails=True) as (address, sent):
        desk = ReportDesk(tmp_path, hermes_of(address))
        desk.approved("hermes", "message")
        assert desk.run().state is State.UNCERTAIN
        assert desk.run().state is State.UNCERTAIN
        assert len(sent) == 2


class Voevents(socketserver.BaseRequestHandler):
    answer: Callable[[bytes], bytes]
    packets: list[bytes]

    def handle(self) -> None:
        (length,) = struct.unpack(">I", self.request.recv(4))
        packet = b""
        while len(packet) < length:
            packet += self.request.recv(length - len(packet))
        type(self).packets.append(packet)
        answer = type(self).answer(packet)
        self.request.sendall(struct.pack(">I", len(answer)) + answer)


TRANSPORT = (
    '<trn:Transport xmlns:trn="http://telescope-networks.org/schema/Transport/v1.1" role="{role}" version="1.0">'
    "<Origin>{ivorn}</Origin><TimeStamp>2026-01-20T00:00:00Z</TimeStamp><Meta><Result>{said}</Result></Meta>"
    "</trn:Transport>"
)


def judged(packet: bytes) -> bytes:
    """Answer as a broker that takes tests alone."""
    root = ET.fromstring(packet)  # noqa: S314 - our own
    role = "ack" if root.get("role") == "test" else "nak"
    return TRANSPORT.format(role=role, ivorn=root.get("ivorn"), said="tests alone").encode()


@contextmanager
def voevents(answer: Callable[[bytes], bytes] = judged) -> Iterator[tuple[str, list[bytes]]]:
    packets: list[bytes] = []
    handler = type("Mine", (Voevents,), {"answer": staticmethod(answer), "packets": packets})
    with served(socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)) as port:
        yield f"vtp://127.0.0.1:{port}", packets


@pytest.mark.parametrize(
    ("role", "ends"),
    [("test", (State.COMPLETED, "accepted")), ("observation", (State.REFUSED, "refused: tests alone"))],
)
def test_a_voevent_given_to_a_broker(tmp_path: Path, role: str, ends: tuple[State, str]) -> None:
    with voevents() as (address, packets):
        desk = ReportDesk(tmp_path, {"service": "vo", "provider": "vtp", "address": address, "role": role, **SIGNED})
        cites = [{"uri": "ivo://x/y#2", "relation": "supersedes"}]
        asked = desk.approved("vo", "voevent", text="It fades.", cites=cites)
        done = desk.run()
        desk.run()
    assert (done.state, done.reason) == ends
    (packet,) = packets
    root = ET.fromstring(packet)  # noqa: S314 - our own
    assert root.get("ivorn") == f"ivo://fink.lake/ztf#report.{asked.key}"
    assert root.findtext("Citations/EventIVORN") == "ivo://x/y#2"
    assert packet.decode() == asked.body["report"]["voevent"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [(b"<Transport role='iamalive'/>", "role iamalive"), (b"no XML", "no XML"), (b"<!DOCTYPE x><x/>", "document type")],
)
def test_an_answer_that_is_none(tmp_path: Path, answer: bytes, said: str) -> None:
    with voevents(lambda _packet: answer) as (address, packets):
        desk = ReportDesk(tmp_path, {"service": "vo", "provider": "vtp", "address": address, **SIGNED})
        desk.approved("vo", "voevent")
        done = desk.run()
        desk.run()
        assert (done.state, len(packets)) == (State.UNCERTAIN, 1)
        assert said in done.reason


def test_nobody_is_there(tmp_path: Path) -> None:
    desk = ReportDesk(tmp_path, {"service": "vo", "provider": "vtp", "address": "vtp://127.0.0.1:9", **SIGNED})
    desk.approved("vo", "voevent")
    done = desk.run()
    assert (done.state, desk.waited) == (State.DELAYED, [1.0, 2.0, 4.0])
    assert "ConnectionRefusedError" in done.reason


@pytest.fixture
def kafka() -> Iterator[str]:
    """A Kafka within this process."""
    server = Producer({"bootstrap.servers": "", "test.mock.num.brokers": 1})
    server.produce("people.test", b"{}", headers=[("_format", b"json")])
    assert server.flush(20.0) == 0
    (broker,) = server.list_topics(timeout=20.0).brokers.values()
    yield f"{broker.host}:{broker.port}"
    server.flush(1.0)  # it lives as long as this producer


@pytest.mark.parametrize("what", ["message", "notice", "voevent"])
def test_hop_client_reads_what_was_sent(tmp_path: Path, kafka: str, what: str) -> None:
    address = f"kafka://{kafka}"
    desk = ReportDesk(tmp_path, {"service": "hop", "provider": "hopskotch", "address": address,
                                 "topic": "people.test", **SIGNED})  # fmt: skip
    asked = desk.approved("hop", what)
    done = desk.run()
    assert (done.state, done.external_id.rpartition("/")[0][:-2]) == (State.COMPLETED, "people.test")
    desk.run()
    stream = Stream(auth=False, start_at=StartPosition.EARLIEST, until_eos=True)
    with closing(stream.open(f"{address}/people.test", "r", group_id="me")) as messages:
        told = [(message, dict(metadata.headers)) for message, metadata in messages.read(metadata=True)]
    _, (message, headers) = sorted(told, key=lambda one: "_id" in one[1])
    assert headers["_id"] == bytes.fromhex(asked.key)
    if what == "voevent":
        assert message.ivorn == asked.body["report"]["ivorn"]
    else:
        assert message.content == asked.body["report"]


def test_a_message_that_arrived_is_found_there(tmp_path: Path, kafka: str) -> None:
    desk = ReportDesk(tmp_path, {"service": "hop", "provider": "hopskotch", "address": f"kafka://{kafka}",
                                 "topic": "people.test", **SIGNED})  # fmt: skip
    approved = desk.approved("hop", "message")
    provider = desk.facilities.provider(desk.facilities.get("hop"))
    payload = provider.payload({**approved.row, "body": approved.body, "content": None})
    assert provider.find(payload) is None
    advance(desk.log, approved, State.SUBMITTING)
    place = provider.submit(payload).external_id  # by a run that died before it could say so
    done = desk.run()
    assert (done.state, done.external_id) == (State.COMPLETED, place)
    assert done.reason == f"found there: {place}"


def test_an_account_in_an_address_is_not_shown(tmp_path: Path) -> None:
    desk = ReportDesk(tmp_path, hermes_of("https://me:a-secret@h.example/x"))
    desk.ask("hermes", "message")
    checked = desk.run()
    assert (checked.state, checked.reason) == (
        State.CHECKED,
        "a person reads it, and approves it for https://h.example/x",
    )


def test_the_file_of_services(tmp_path: Path) -> None:
    for wrong, said in (
        ({"address": "https://www.wis-tns.org", "provider": "hopskotch"}, "begins with kafka://"),
        ({"address": "https://www.wis-tns.org", "provider": "tns"}, "a tns has a token"),
        ({"address": "kafka://h", "provider": "hopskotch"}, "a hopskotch has a topic"),
        ({"provider": "tns"}, "'address' is missing"),
        ({"address": "vtp://h", "provider": "fax"}, "'provider' is 'fax'"),
    ):
        with pytest.raises(ConfigError, match=said):
            ReportDesk(tmp_path, {"service": "x", **SIGNED, **wrong})
    desk = ReportDesk(tmp_path, hermes_of("http://h"))
    with pytest.raises(ConfigError, match="no facility 'hermes'"):
        desk.facilities.observer("hermes")
    with pytest.raises(ConfigError, match="no service 'lco'; there is hermes"):
        desk.facilities.service("lco")
