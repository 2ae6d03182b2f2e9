"""TAP by pyvo against a real server: at once, as jobs, with uploads; limits; jobs that outlive their process."""

# ruff: noqa: S608 - queries are what is tested

import io
import json
import re
import time
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow.parquet as pq
import pytest
import pyvo
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io.votable import parse
from astropy.table import Table
from vo_server import SECRET, Served, running

from fink_lib.api.http.errors import Refused
from fink_lib.config import Settings
from fink_lib.vo.tap import uploads
from fink_lib.vo.tap.jobs import Jobs, Phase
from fink_lib.vo.tap.order import Order
from fink_lib.vo.tap.process import Runner

PLACES = "SELECT alert_id, object_id, obs_time, ra, dec, magpsf FROM ztf.sources ORDER BY alert_id"


def sync(served: Served, query: str, **further: Any) -> httpx.Response:
    return httpx.get(f"{served.url}/tap/sync", params={"LANG": "ADQL", "QUERY": query, **further}, timeout=60)


def told(answer: httpx.Response) -> str:
    """Return what a VOTable says went wrong."""
    infos = parse(io.BytesIO(answer.content)).resources[0].infos
    return next(one.content for one in infos if one.value == "ERROR")


def test_a_query_at_once(served: Served) -> None:
    found = pyvo.dal.TAPService(f"{served.url}/tap").run_sync(PLACES).to_table()
    assert found["alert_id"].tolist() == sorted(one["candid"] for one in served.public)
    assert SECRET not in found["alert_id"]
    by_id = {one["candid"]: one["candidate"] for one in served.public}
    np.testing.assert_array_equal(found["magpsf"], np.array([by_id[one]["magpsf"] for one in found["alert_id"]], "f4"))
    assert (found["ra"].unit, found["magpsf"].unit, found["obs_time"].unit) == (u.deg, u.mag, u.day)
    assert found["ra"].meta.get("ucd", "pos.eq.ra;meta.main") == "pos.eq.ra;meta.main"


def test_the_document_is_valid_and_tells_words(served: Served) -> None:
    answer = sync(served, "SELECT TOP 5 *, DISTANCE(ra, dec, 10, 20) AS apart FROM ztf.sources")
    table = parse(io.BytesIO(answer.content), verify="exception").get_first_table()
    words = {one.name: (one.ucd, str(one.unit or "")) for one in table.fields}
    assert words["ra"] == ("pos.eq.ra;meta.main", "deg")
    assert words["magpsf"] == ("phot.mag;em.opt", "mag")
    assert words["apart"] == ("pos.angDistance", "deg")
    assert all(one.ucd for one in table.fields)


def test_tables_tell_themselves(served: Served) -> None:
    service = pyvo.dal.TAPService(f"{served.url}/tap")
    assert {"ztf.sources", "ztf.objects", "tap_schema.columns"} <= set(service.tables.keys())
    columns = service.run_sync("SELECT * FROM TAP_SCHEMA.columns WHERE table_name = 'ztf.sources'").to_table()
    mine = {row["column_name"]: row for row in columns}
    assert (mine["ra"]["unit"], mine["ra"]["ucd"]) == ("deg", "pos.eq.ra;meta.main")
    assert (mine["alert_id"]["datatype"], mine["object_id"]["arraysize"]) == ("long", "*")
    assert "tap_upload" not in {one.lower() for one in columns["table_name"]}


READ: dict[str, Callable[[bytes], list[int]]] = {
    "csv": lambda content: [int(line.split(b",")[0]) for line in content.splitlines()[1:]],
    "json": lambda content: [int(one["alert_id"]) for one in json.loads(content)],
    "parquet": lambda content: pq.read_table(io.BytesIO(content))["alert_id"].to_pylist(),
    "votable": lambda content: parse(io.BytesIO(content)).get_first_table().array["alert_id"].tolist(),
}


@pytest.mark.parametrize("form", ["csv", "json", "parquet", "votable"])
def test_formats(served: Served, form: str) -> None:
    answer = sync(served, "SELECT TOP 7 alert_id, band FROM ztf.sources ORDER BY alert_id", RESPONSEFORMAT=form)
    expected = sorted(one["candid"] for one in served.public)[:7]
    assert READ[form](answer.content) == expected


def test_a_cut_answer_says_so(served: Served) -> None:
    cut = sync(served, PLACES, MAXREC=3)
    assert len(parse(io.BytesIO(cut.content)).get_first_table().array) == 3
    assert cut.text.rindex("OVERFLOW") > cut.text.rindex("</TABLE>")
    assert "OVERFLOW" not in sync(served, "SELECT TOP 3 ra FROM ztf.sources", MAXREC=3).text
    assert len(parse(io.BytesIO(sync(served, PLACES, MAXREC=0).content)).get_first_table().array) == 0


def test_an_uploaded_table_is_matched(served: Served) -> None:
    places = SkyCoord([one["candidate"]["ra"] for one in served.public[:6]],
                      [one["candidate"]["dec"] for one in served.public[:6]], unit="deg")  # fmt: skip
    near = places.directional_offset_by(30 * u.deg, 1 * u.arcsec)
    mine = Table({"name": [f"mine {number}" for number in range(6)], "ra": near.ra.deg, "dec": near.dec.deg,
                  "tag": np.arange(6) + 2**53 + 1})  # fmt: skip
    query = """SELECT m.name, m.tag, s.object_id, DISTANCE(s.ra, s.dec, m.ra, m.dec) * 3600 AS sep
               FROM TAP_UPLOAD.mine AS m JOIN ztf.objects AS s
               ON 1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(m.ra, m.dec, 1.5 / 3600)) ORDER BY m.tag"""
    found = pyvo.dal.TAPService(f"{served.url}/tap").run_sync(query, uploads={"mine": mine}).to_table()
    assert found["object_id"].tolist() == [one["objectId"] for one in served.public[:6]]
    assert found["tag"].tolist() == mine["tag"].tolist()
    np.testing.assert_allclose(found["sep"], 1.0, atol=1e-4)


def test_a_job_by_pyvo(served: Served) -> None:
    job = pyvo.dal.TAPService(f"{served.url}/tap").submit_job(PLACES, maxrec=50)
    assert job.phase == "PENDING"
    job.execution_duration = 120
    assert job.execution_duration.sec == 120
    job.run().wait(phases=["COMPLETED", "ERROR"], timeout=60)
    assert job.phase == "COMPLETED"
    assert len(job.fetch_result()) == len(served.public)
    url = job.url
    job.delete()
    assert httpx.get(url).status_code == 404


def test_a_job_that_fails_says_why(served: Served) -> None:
    job = pyvo.dal.TAPService(f"{served.url}/tap").submit_job("SELECT nothing FROM ztf.sources").run()
    job.wait(phases=["COMPLETED", "ERROR"], timeout=60)
    assert job.phase == "ERROR"
    assert '"nothing" not found' in httpx.get(f"{job.url}/error").text
    with pytest.raises(pyvo.DALQueryError, match="nothing"):
        job.raise_if_error()


def test_parts_of_a_job(served: Served) -> None:
    made = httpx.post(f"{served.url}/tap/async", data={"query": "SELECT 1 AS a", "LANG": "ADQL", "RUNID": "mine"})
    assert made.status_code == 303
    url = made.headers["location"]
    part = {name: httpx.get(f"{url}/{name}").text for name in ("phase", "owner", "quote", "executionduration", "error")}
    assert part == {"phase": "PENDING", "owner": "", "quote": "", "executionduration": "600", "error": ""}
    httpx.post(f"{url}/destruction", data={"DESTRUCTION": "2030-01-01T00:00:00Z"})
    assert httpx.get(f"{url}/destruction").text < "2030", "a month at most"
    httpx.post(f"{url}/parameters", data={"QUERY": "SELECT 2 AS a"})
    assert "SELECT 2 AS a" in httpx.get(f"{url}/parameters").text
    assert "<uws:runId>mine<" in httpx.get(url).text
    assert httpx.get(f"{url}/results/result").status_code == 404
    httpx.post(f"{url}/phase", data={"PHASE": "ABORT"})
    assert httpx.get(f"{url}/phase").text == "ABORTED"
    assert "uws:jobref" not in httpx.get(f"{served.url}/tap/async").text, "a job is known to whom its name was told"
    assert httpx.post(url, data={"ACTION": "DELETE"}).status_code == 303
    assert httpx.get(f"{url}/phase").status_code == 404


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"QUERY": ""}, "QUERY is missing"),
        ({"QUERY": "SELECT 1", "LANG": "PQL"}, "the language 'PQL'"),
        ({"QUERY": "SELECT 1", "RESPONSEFORMAT": "fits"}, "there is no format 'fits'"),
        ({"QUERY": "SELECT 1", "MAXREC": "many"}, "MAXREC is 'many'"),
        ({"QUERY": "SELECT 1", "REQUEST": "getThings"}, "REQUEST is not doQuery"),
        ({"QUERY": "SELECT x FROM ztf.sources"}, 'Referenced column "x" not found'),
        ({"QUERY": "SELECT * FROM nowhere.x"}, "there is no table 'nowhere.x'"),
        ({"QUERY": "SELECT 1", "UPLOAD": "a,param:b"}, "there is no part 'b'"),
        ({"QUERY": "SELECT 1", "UPLOAD": "a,file:///etc/passwd"}, "'file:///etc/passwd' is no address"),
        ({"QUERY": "SELECT 1", "UPLOAD": "a,http://127.0.0.1:1/x"}, "'127.0.0.1' is no public host"),
        ({"QUERY": "SELECT 1", "UPLOAD": "a,http://169.254.169.254/x"}, "'169.254.169.254' is no public host"),
        ({"QUERY": "SELECT 1", "UPLOAD": "a;b,param:b"}, "'' is no address"),
        ({"QUERY": "SELECT 1", "UPLOAD": "a b,param:b"}, "'a b' cannot be the name"),
    ],
)
def test_what_is_wrong_is_told(served: Served, asked: dict[str, str], said: str) -> None:
    answer = httpx.post(f"{served.url}/tap/sync", data={"LANG": "ADQL"} | asked, timeout=60)
    assert answer.status_code == 400
    assert told(answer).startswith(said)


def test_an_upload_that_is_no_votable_is_told() -> None:
    with pytest.raises(Refused, match="cannot be read as a VOTable"):
        uploads.read("mine", b"ra,dec\n1,2\n")


DOUBLED = f"(SELECT '{'x' * 1000}' AS a)"
for _ in range(26):
    DOUBLED = f"(SELECT a || a AS a FROM {DOUBLED} AS t)"
RANGE = "SELECT count(*) FROM range(100000) a, range(100000) b WHERE sqrt(a.range * b.range) = 0.5"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (f"SELECT upper(a) FROM {DOUBLED} AS t", "needs more than it may have"),
        (RANGE, "took longer than 1"),
        ("SELECT * FROM read_text('/etc/hostname')", "needs more than it may have"),
        ("COPY (SELECT 1) TO '{folder}/frame.arrow'", "needs more than it may have"),
        ("COPY (SELECT 1) TO '{folder}/x.csv'", "needs more than it may have"),
        ("SET memory_limit = '100GB'", "configuration has been locked"),
        ("SELECT * FROM live", "Table with name live does not exist"),
    ],
)
def test_behind_the_grammar_there_are_walls(tmp_path: Path, query: str, said: str) -> None:
    """The process of a query holds where the grammar would not."""
    runner = Runner()
    kept = tmp_path / "frame.arrow"
    kept.write_bytes(b"kept")
    seconds = 1.0 if query is RANGE else 60.0
    order = Order(
        query.replace("{folder}", str(tmp_path)), seconds=seconds, memory_mb=512, files=[str(kept)], result_mb=64
    )
    try:
        with pytest.raises(Refused, match=said):
            runner.run(order, tmp_path)
    finally:
        runner.close()
    assert not (tmp_path / "x.csv").exists()


def test_jobs_outlive_the_server(tmp_path: Path) -> None:
    """A job that ran when the process was ended runs again in the next one, and what was done is kept."""
    runs: list[str] = []

    def first(job: Any, folder: Path, watch: Any) -> None:
        runs.append("first")
        if job.run_id == "slow":
            while not jobs._is_closing:
                time.sleep(0.01)

    jobs = Jobs(tmp_path, first)
    done, slow, still = (jobs.create([("QUERY", "SELECT 1")], {}, name) for name in ("quick", "slow", "later"))
    jobs.start(done.name)
    jobs.start(slow.name)
    until = time.monotonic() + 10
    while (jobs.get(done.name).phase, jobs.get(slow.name).phase) != (Phase.COMPLETED, Phase.EXECUTING):
        assert time.monotonic() < until
        time.sleep(0.01)
    jobs.close()
    again = Jobs(tmp_path, lambda job, *_: runs.append(job.run_id))
    while again.get(slow.name).phase is not Phase.COMPLETED:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert again.get(done.name).phase is Phase.COMPLETED
    assert again.get(still.name).phase is Phase.PENDING
    assert runs == ["first", "first", "slow"]
    again.close()


def test_an_empty_home_answers(tmp_path: Path) -> None:
    with running(Settings(home=tmp_path / "home")) as url:
        for table in ("sources", "objects"):
            found = httpx.get(f"{url}/tap/sync", params={"QUERY": f"SELECT * FROM ztf.{table}"}, timeout=60)
            assert len(parse(io.BytesIO(found.content), verify="exception").get_first_table().array) == 0
            cone = httpx.get(f"{url}/scs/ztf/{table}", params={"RA": 1, "DEC": 2, "SR": 1})
            assert len(parse(io.BytesIO(cone.content)).get_first_table().array) == 0


def test_examples_are_told_and_answer(served: Served) -> None:
    """What `stilts taplint` asks of examples: announced, in the vocabulary of DALI 1.1, each one a query that runs."""
    capabilities = httpx.get(f"{served.url}/tap/capabilities").text
    assert 'standardID="ivo://ivoa.net/std/DALI#examples"' in capabilities
    assert f">{served.url}/tap/examples<" in capabilities
    page = httpx.get(f"{served.url}/tap/examples").text
    assert 'vocab="http://www.ivoa.net/rdf/examples#"' in page
    queries = [unescape(one) for one in re.findall(r'<pre property="query">(.*?)</pre>', page, re.DOTALL)]
    assert len(queries) >= 3
    assert [sync(served, one, MAXREC=5).status_code for one in queries] == [200] * len(queries)
