"""One home of real alerts and its pages, with markup where a catalogue's name and a class should be."""

import datetime as dt
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import uvicorn
from starlette.testclient import TestClient

from fink_lib.api.http.app import make_app
from fink_lib.api.lake import Lake
from fink_lib.config import Settings
from fink_lib.lake.small import append_rows
from fink_lib.lake.tables import gold_crossmatch
from fink_lib.nightly.closed import NightsLedger
from fink_lib.nightly.job import NightContext
from fink_lib.nightly.manifest import build
from fink_lib.nightly.results import Step
from fink_lib.portal.app import add_pages
from tests.builders.packet_rows import sample_packets
from tests.builders.served_home import NIGHT, PRIVATE, ZTF, append, arrive, later, rows_of, serve

COUNT = 60
MARKUP = "<b>bold</b>"
CLASS_MARKUP = '<script>alert("class")</script>'
EQUATION = "offered 60 = bronze 60 + quarantine 0 + lost 0"
WHY_NOT = "not run: fewer than three points"
SCIENCE = {"science_versions": {"classification": "1.1+1.0"}, "science_errors": {"supernnova": WHY_NOT}}


@dataclass(frozen=True)
class Portal:
    """A home, who answers for it, and what is in it."""

    settings: Settings
    http: TestClient
    packets: list[dict[str, Any]]
    private: dict[str, Any]

    def page(self, address: str, status: int = 200) -> "Parsed":
        answer = self.http.get(address)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"].startswith("text/html")
        return Parsed.of(answer.text, str(answer.url))


class Parsed(HTMLParser):
    """A page as its elements and its text."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    @classmethod
    def of(cls, html: str, address: str) -> "Parsed":
        made = cls(address)
        made.feed(html)
        return made

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002  # cells are words apart
        self.text += " "

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def links(self) -> set[str]:
        """What it leads to and loads, of this host."""
        found = [one.get("href") for tag in ("a", "link") for one in self.all(tag)]
        found += [one.get("src") for tag in ("img", "script") for one in self.all(tag)]
        whole = {urljoin(self.address, one).partition("#")[0] for one in found if one}
        return {one for one in whole if urlsplit(one).netloc == urlsplit(self.address).netloc}


def manifest(settings: Settings) -> dict[str, Any]:
    """Return the manifest of the closed night, as its steps would have told it."""
    counts = {"offered": COUNT, "bronze": COUNT, "silver": COUNT, "quarantine": 0, "rejected": 0, "repeats": 0}
    context = NightContext(settings, ZTF, NIGHT, "run-1")
    results: dict[Step, Any] = {step: {"ok": True} for step in Step}
    results[Step.RECONCILE] = {"counts": counts, "holds": True, "equations": [{"text": EQUATION}], "topics": []}
    return build(context, results)


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    settings = Settings(home=tmp_path_factory.mktemp("portal") / "home", airflow_url="")
    packets = sample_packets(COUNT)
    private = later(packets[0], 0, programid=PRIVATE) | {"candid": 7, "objectId": "ZTF21secrets"}
    private["candidate"]["candid"] = 7
    arrive(settings, [*packets[1:], private])
    silver, _ = rows_of(packets[:1], settings.lake, 900)
    append(settings, [{**row, "finkclass": CLASS_MARKUP, "vsx": MARKUP, **SCIENCE} for row in silver])
    match = {"night": NIGHT, "catalog": "gaia_dr3", "alert_id": packets[0]["candid"], "separation_arcsec": 0.25,
             "source_id": "source 9", "label": MARKUP, "catalog_version": 3}  # fmt: skip
    spec = gold_crossmatch(ZTF.name)
    append_rows(spec, settings.lake, [{name: match.get(name) for name in spec.schema.names}])
    serve(settings, NIGHT)
    NightsLedger(settings.lake).record(manifest(settings), dt.datetime(2021, 11, 23, tzinfo=dt.UTC))
    arrive(settings, [later(packets[1], 1)], first=1000)
    lake = Lake(settings, [ZTF])
    app = make_app(lake)
    add_pages(app, lake)
    with TestClient(app) as http:
        yield Portal(settings, http, packets, private)


@pytest.fixture(scope="session")
def address(portal: Portal) -> Iterator[str]:
    """The pages over a real socket; the client of the other tests closes the lake."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(portal.http.app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=20)
    listening.close()
    assert not thread.is_alive()
