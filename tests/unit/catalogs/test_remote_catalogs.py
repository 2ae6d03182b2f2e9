"""Remote catalogues against a local server that answers, is late, is broken, or is not there."""

import contextlib
import csv
import datetime as dt
import io
import threading
import time
from collections.abc import Iterator
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from fink_lib.catalogs.remote import REMOTE, CrossmatchService, State, match_remote
from fink_lib.catalogs.remote.cells import CellCache, cells_of, circle_around
from fink_lib.cli.science_remote import remote
from fink_lib.errors import ConfigError

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
ARCSEC = 1.0 / 3600.0
STARS = [("HD 1", 10.0, 20.0, "Star"), ("NGC 1", 10.0 + 0.5 * ARCSEC, 20.0, "Galaxy"), ("Pole", 0.0, 90.0, "QSO")]


class Cds(ThreadingHTTPServer):
    """Stands for the service: it knows three sources, and does as `mood` says."""

    mood: str = "well"
    failures: int = 0
    questions: int = 0


class Handler(BaseHTTPRequestHandler):
    server: Cds

    def do_POST(self) -> None:
        self.server.questions += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.mood == "late":
            threading.Event().wait(0.5)
        if self.server.mood == "broken" or self.server.failures > 0:
            self.server.failures -= 1
            self.send_error(503)
            return
        text = "<html>maintenance</html>" if self.server.mood == "polite" else self.answer(body)
        if self.server.mood == "cut":
            text = text[: len(text) - 12]
        self.send_response(400 if self.server.mood == "refusing" else 200)
        self.end_headers()
        if self.server.mood == "dripping":
            self.drip(text)
        else:
            self.wfile.write(text.encode())

    def drip(self, text: str) -> None:
        """Send a byte now and then: never silent for long, and never done in time."""
        with contextlib.suppress(ConnectionError):
            for byte in text.encode():
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                threading.Event().wait(0.05)

    def answer(self, body: bytes) -> str:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        parts: dict[str, str] = {}
        for part in message_from_bytes(head + body).get_payload():
            name = str(part.get_param("name", header="content-disposition"))  # type: ignore[union-attr]
            parts[name] = part.get_payload(decode=True).decode()  # type: ignore[union-attr]
        assert (parts["cat2"], parts["request"], parts["selection"]) == ("simbad", "xmatch", "all")
        out = io.StringIO()
        table = csv.writer(out)
        table.writerow(["angDist", "cell", "cell_ra", "cell_dec", "main_id", "ra", "dec", "main_type", "other_types"])
        for cell in csv.DictReader(io.StringIO(parts["cat1"])):
            for name, ra, dec, kind in STARS:
                distance = separation(float(cell["cell_ra"]), float(cell["cell_dec"]), ra, dec)
                if distance <= float(parts["distMaxArcsec"]):
                    table.writerow([distance, *cell.values(), name, ra, dec, kind, "x|y"])
        return out.getvalue()

    def log_message(self, *_: Any) -> None:
        """Keep the console quiet."""


def separation(ra: float, dec: float, other_ra: float, other_dec: float) -> float:
    from fink_lib.sky import unit_vectors

    one, two = unit_vectors(np.array([ra, other_ra]), np.array([dec, other_dec]))
    return float(np.degrees(np.arccos(np.clip(one @ two, -1, 1))) * 3600)


@pytest.fixture
def cds() -> Iterator[Cds]:
    server = Cds(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def cache(tmp_path: Path) -> CellCache:
    return CellCache(tmp_path, max_age_days=30)


def service_of(cds: Cds, **changes: Any) -> CrossmatchService:
    port = cds.server_address[1]
    return CrossmatchService(**({"url": f"http://127.0.0.1:{port}/", "sleep": lambda _: None} | changes))


RA = np.array([10.0, 10.0 + 0.4 * ARCSEC, 10.0, 50.0, 123.0, np.nan])
DEC = np.array([20.0, 20.0, 20.0 + 1.5 * ARCSEC, -30.0, 90.0 - 0.9 * ARCSEC, 0.0])


def ask(cds: Cds, cache: CellCache, *, now: dt.datetime = NOW, **changes: Any) -> Any:
    return match_remote(REMOTE["simbad"], RA, DEC, service=service_of(cds, **changes), cache=cache, now=now)


def test_the_nearest_source_is_found_and_none_is_told_from_none_known(cds: Cds, cache: CellCache) -> None:
    answer = ask(cds, cache)
    match, none = State.MATCH, State.NO_MATCH
    assert answer.state.tolist() == [match, match, none, none, match, none]
    assert answer.label.tolist() == ["Star", "Galaxy", None, None, "QSO", None]
    assert answer.columns["main_id"].tolist() == ["HD 1", "NGC 1", None, None, "Pole", None]
    np.testing.assert_allclose(answer.separation_arcsec[[0, 1, 4]], [0.0, 0.0940, 0.9], atol=1e-3)
    assert answer.problem == ""


def test_a_cell_is_asked_for_once_and_again_when_it_is_old(cds: Cds, cache: CellCache) -> None:
    first = ask(cds, cache)
    assert cds.questions == 1
    again = ask(cds, cache, now=NOW + dt.timedelta(days=29))
    assert cds.questions == 1
    assert again.label.tolist() == first.label.tolist()
    assert again.asked[0] == NOW
    later = NOW + dt.timedelta(days=31)
    assert ask(cds, cache, now=later).asked[0] == later
    assert cds.questions == 2


@pytest.mark.parametrize("mood", ["broken", "late", "polite", "refusing", "cut"])
def test_an_outage_is_unavailable_and_never_no_match(cds: Cds, cache: CellCache, mood: str) -> None:
    cds.mood = mood
    answer = ask(cds, cache, timeout_s=0.1 if mood == "late" else 5.0)
    assert answer.state.tolist()[:5] == [State.UNAVAILABLE] * 5
    assert set(answer.label) == {None}
    assert "simbad" in answer.problem or "status 400" in answer.problem
    cds.mood = "well"
    assert ask(cds, cache).state.tolist()[0] == State.MATCH  # nothing of the outage was kept


def test_a_server_that_drips_is_left_at_the_deadline_for_the_whole_answer(cds: Cds, cache: CellCache) -> None:
    cds.mood = "dripping"
    started = time.monotonic()
    answer = ask(cds, cache, timeout_s=0.4, attempts=2)
    assert time.monotonic() - started < 5.0  # the whole answer would take ten
    assert answer.state.tolist()[:5] == [State.UNAVAILABLE] * 5
    assert "no whole answer within 0.4 s" in answer.problem
    assert cds.questions == 2


def test_the_command_writes_what_is_known_of_each_alert(
    cds: Cds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FINK_CACHE", str(tmp_path / "cache"))
    packets = [
        {"candid": number, "candidate": {"ra": ra, "dec": dec}}
        for number, (ra, dec) in enumerate([(10.0, 20.0), (50.0, -30.0)])
    ]
    write_deltalake(str(tmp_path / "bronze"), pa.Table.from_pylist(packets))
    url = f"http://127.0.0.1:{cds.server_address[1]}/"
    out = tmp_path / "out.parquet"

    def rows(**changes: Any) -> list[dict[str, Any]]:
        remote(str(tmp_path / "bronze"), service="simbad", out=out, url=url, attempts=1, **changes)
        return sorted(pq.read_table(out).to_pylist(), key=lambda row: row["alert_id"])

    cds.mood = "dripping"
    assert [row["state"] for row in rows(timeout_s=0.3)] == ["unavailable", "unavailable"]
    assert "2 unavailable" in capsys.readouterr().out
    cds.mood = "well"
    for _ in range(2):  # the second time out of the cache
        found = rows()
        assert [(row["state"], row["label"]) for row in found] == [("match", "Star"), ("no match", None)]
        assert (found[0]["main_id"], found[0]["separation_arcsec"]) == ("HD 1", pytest.approx(0.0, abs=1e-6))
        assert found[1]["asked"] is not None
    assert cds.questions == 2
    assert "1 match, 1 no match, 0 unavailable" in capsys.readouterr().out
    with pytest.raises(ConfigError, match="simbad, gaia"):
        remote(str(tmp_path / "bronze"), service="tarot", out=out)


def test_a_server_that_is_not_there(cache: CellCache, cds: Cds) -> None:
    answer = ask(cds, cache, url="http://127.0.0.1:9/", timeout_s=1.0)
    assert answer.state.tolist()[0] == State.UNAVAILABLE
    assert "3 attempts" in answer.problem


def test_two_failures_are_survived_with_growing_pauses(cds: Cds, cache: CellCache) -> None:
    cds.failures = 2
    pauses: list[float] = []
    assert ask(cds, cache, sleep=pauses.append).state.tolist()[0] == State.MATCH
    assert pauses == [1.0, 2.0]
    assert cds.questions == 3


def test_an_old_answer_is_used_while_the_service_is_out(cds: Cds, cache: CellCache) -> None:
    ask(cds, cache)
    cds.mood = "broken"
    answer = ask(cds, cache, now=NOW + dt.timedelta(days=100))
    assert answer.state.tolist()[0] == State.MATCH
    assert answer.asked[0] == NOW
    assert answer.problem != ""


def test_the_circle_of_a_cell_holds_it_everywhere() -> None:
    draw = np.random.default_rng(1)
    ra, dec = draw.uniform(0, 360, 300), np.degrees(np.arcsin(draw.uniform(-1, 1, 300)))
    dec[:20] = 90.0 - draw.uniform(0, 0.02, 20)
    for cell, r, d in zip(cells_of(ra, dec), ra, dec, strict=True):
        lon, lat, radius = circle_around(int(cell))
        assert separation(lon, lat, r, d) <= radius < 175.0
