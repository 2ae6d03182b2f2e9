"""What strangers may make TAP keep, fetch and wait for: all of it has an end."""

import datetime as dt
import http.server
import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from astropy.io.votable import from_table, parse
from astropy.table import Table
from vo_server import Served

from fink_lib.api.http.errors import Refused
from fink_lib.vo.tap import fetching, uploads
from fink_lib.vo.tap.fetching import fetched
from fink_lib.vo.tap.jobs import Job, Jobs, Phase, iso, now
from fink_lib.vo.tap.order import RESULT


def work(_job: Job, folder: Path, _watch: Any) -> None:
    (folder / RESULT).write_bytes(b"r" * 100)
    (folder / "frame.arrow").write_bytes(b"f" * 1_000)
    (folder / "spill").mkdir()
    (folder / "spill" / "x").write_bytes(b"s" * 1_000)


@contextmanager
def jobs_in(folder: Path) -> Iterator[Jobs]:
    made = Jobs(folder, work)
    try:
        yield made
    finally:
        made.close()


def ended(jobs: Jobs, **files: bytes) -> str:
    job, until = jobs.create([("QUERY", "SELECT 1")], files), time.monotonic() + 10
    jobs.start(job.name)
    while jobs.get(job.name).phase is not Phase.COMPLETED or (jobs.folder(job.name) / "spill").exists():
        assert time.monotonic() < until
        time.sleep(0.01)
    return job.name


def test_of_a_job_that_has_ended_its_rows_stay(tmp_path: Path) -> None:
    with jobs_in(tmp_path) as jobs:
        name = ended(jobs, mine=b"m" * 1_000)
        assert {one.name for one in jobs.folder(name).iterdir()} == {"job.json", RESULT}


def test_a_job_whose_time_is_over_is_gone(tmp_path: Path) -> None:
    with jobs_in(tmp_path) as jobs:
        name = ended(jobs)
        jobs.change(name, destruction=iso(now() - dt.timedelta(seconds=1)))
        with pytest.raises(Refused, match="no job"):
            jobs.get(name)
    with jobs_in(tmp_path) as jobs:  # and from the disk, though nobody makes another one
        assert not jobs.folder(name).exists()


def test_there_is_room_for_so_much_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fink_lib.vo.tap.jobs.MOST_BYTES", 10_000)
    with jobs_in(tmp_path) as jobs:
        first = ended(jobs)
        waits = jobs.create([("QUERY", "SELECT 1")], {"mine": b"x" * 6_000})
        jobs.attach(waits.name, {"more": b"x" * 3_500})  # the one that has ended makes room
        with pytest.raises(Refused, match="no job"):
            jobs.get(first)
        with pytest.raises(Refused, match="no room"):
            jobs.attach(waits.name, {"again": b"x" * 3_000})
        with pytest.raises(Refused, match="no room"):
            jobs.create([], {"a": b"x" * 3_000})
        with pytest.raises(Refused, match="name of a part"):
            jobs.attach(waits.name, {"n" * 200: b"x"})


def test_there_are_so_many_jobs_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fink_lib.vo.tap.jobs.MOST_JOBS", 2)
    with jobs_in(tmp_path) as jobs:
        jobs.create([], {})
        jobs.create([], {})
        with pytest.raises(Refused, match="no room"):
            jobs.create([], {})


def test_the_rows_of_a_job_are_told_without_fetching_again(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    from_table(Table({"a": [1, 2]})).to_xml(sink := io.BytesIO())
    asked: list[str] = []
    monkeypatch.setattr(uploads, "fetched", lambda url: asked.append(url) or sink.getvalue())
    said = {"QUERY": "SELECT a FROM TAP_UPLOAD.mine", "UPLOAD": "mine,https://example.org/t.xml", "PHASE": "RUN"}
    url = httpx.post(f"{served.url}/tap/async", data={"LANG": "ADQL"} | said).headers["location"]
    for phase in ("QUEUED", "EXECUTING"):
        httpx.get(url, params={"WAIT": 60, "PHASE": phase}, timeout=90)
    for _ in range(2):
        rows = parse(io.BytesIO(httpx.get(f"{url}/results/result").content)).get_first_table().array
        assert rows["a"].tolist() == [1, 2]
    assert asked == ["https://example.org/t.xml"]


@pytest.mark.parametrize(
    "url",
    ["file:///etc/hostname", "http://", "http://a:99999/", f"http://{'a' * 300}/", "http://localhost/", "http://[::1]/",
     "http://2130706433/", "http://0x7f.1/", "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/", "http://10.0.0.1/",
     "http://user@127.0.0.1:8080/"],
)  # fmt: skip
def test_addresses_that_are_not_fetched(url: str) -> None:
    with pytest.raises(Refused, match=r"no address|no host|no public host"):
        fetched(url)


class Drip(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(200):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_host_that_never_ends_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "public_address", lambda *_: "127.0.0.1")
    monkeypatch.setattr(fetching, "WHOLE_S", 0.3)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Drip) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        began = time.monotonic()
        with pytest.raises(Refused, match="took longer than"):
            fetched(f"http://example.org:{server.server_port}/t.xml")
        assert time.monotonic() - began < 5
        server.shutdown()


def test_so_many_tables_and_no_more() -> None:
    with pytest.raises(Refused, match="11 tables"):
        uploads.named(";".join(f"t{at},param:t" for at in range(11)), {"t": b""})


def test_a_body_that_does_not_say_how_long_it_is(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fink_lib.api.http.asking.MOST_BODY_BYTES", 0)
    pieces = (b"x" * 2**19 for _ in range(4))
    answer = httpx.post(f"{served.url}/api/v1/crossmatch", content=pieces, headers={"Content-Type": "text/csv"})
    assert (answer.status_code, "too large" in answer.text) == (413, True)
