"""Nothing gets out of the sandbox of a job: over a hundred ways are tried, nobody else's row is seen."""

# ruff: noqa: E501 - one way a line

import os
import re
import shutil
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fink_lib.errors import ConfigError
from fink_lib.user_jobs.sandbox.command import MISSING, bubblewrap
from fink_lib.user_jobs.sandbox.running import LOG, MOST_LOG_BYTES, Code, Ended, Limits, run
from fink_lib.user_jobs.sql import require_query
from tests.unit.user_jobs.escapes import IN_ENGINE, IN_PYTHON, NO_QUERIES

SECRET = "a-row-of-somebody-else"
LIMITS = Limits(seconds=60, memory_mb=1024, result_mb=16, scratch_mb=64)
SHORT = Limits(seconds=5, memory_mb=1024, result_mb=16, scratch_mb=64)
TRY = """
def tried(name, work):
    try:
        work()
    except BaseException as error:
        print(f"{name}: {type(error).__name__}", flush=True)
        return {"name": name, "got": type(error).__name__, "said": str(error)[:500]}
    return {"name": name, "got": "OUT", "said": ""}
result = []
"""
LOOK = """
import os
seen, handles = [], []
for folder, below, names in os.walk("/"):
    below[:] = [one for one in below if one not in {"packages", "usr", "lib", "lib64", "dev"}]
    for name in names:
        path = os.path.join(folder, name)
        try:
            with open(path, "rb") as file:
                content = file.read()
        except OSError:
            content = b""
        seen.append({"path": path, "found": SECRET.encode() in content})
for handle in range(256):
    try:
        os.fstat(handle)
    except OSError:
        continue
    handles.append(handle)
print("handles", handles, flush=True)
result = seen
"""


@pytest.fixture(scope="module", autouse=True)
def _needs_bubblewrap() -> None:
    """Without it the test is skipped, with this reason; under CI it fails."""
    if shutil.which("bwrap") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the jobs of two people: what the one may read, and a result of the other."""
    made = tmp_path_factory.mktemp("escapes") / "home"
    for name in ("mine", "others"):
        (made / "user_jobs" / name).mkdir(parents=True)
    (made / "user_jobs" / "others" / "result.csv").write_text(SECRET)
    (made / "accounts").mkdir()
    (made / "accounts" / "accounts.db").write_text(SECRET)
    pq.write_table(pa.table({"alert_id": range(1000)}), made / "permitted.parquet")
    return made


def job(home: Path, code: str, limits: Limits = LIMITS, language: str = "python", name: str = "mine") -> Ended:
    folder = home / "user_jobs" / name
    folder.mkdir(exist_ok=True)
    view = {"ztf.sources": "SELECT * FROM read_parquet(['/data/d.parquet'])"}
    return run(folder, Code(language, code, "parquet", view, {"/data/d.parquet": home / "permitted.parquet"}), limits)


def rows(home: Path, name: str = "mine") -> list[dict[str, str]]:
    found: list[dict[str, str]] = pq.read_table(home / "user_jobs" / name / "result.parquet").to_pylist()
    return found


def said(home: Path, name: str = "mine") -> str:
    return (home / "user_jobs" / name / LOG).read_text()


def named(home: Path, code: str) -> str:
    return code.format(secret=str(home / "user_jobs" / "others" / "result.csv"), home=str(home))


def test_every_way_out_in_python_is_refused(home: Path) -> None:
    assert len(IN_PYTHON) >= 60
    assert len({one.name for one in IN_PYTHON}) == len(IN_PYTHON)
    ways = "\n".join(
        f"def way():\n{textwrap.indent(named(home, one.code), ' ')}\nresult.append(tried({one.name!r}, way))"
        for one in IN_PYTHON
    )
    ended = job(
        home, f"{TRY}{ways}\nresult.append(tried('the data', lambda: print(db.sql('FROM ztf.sources').fetchall()[7])))"
    )
    assert ended.error == "", said(home)
    *found, last = rows(home)
    assert [one["name"] for one in found] == [one.name for one in IN_PYTHON], said(home)
    out = [one for one in found if one["got"] not in REFUSALS]
    assert not out
    assert last["got"] == "OUT", "after all of them what is permitted can still be read"
    assert pq.read_table(home / "permitted.parquet").num_rows == 1000
    assert SECRET not in str(found) + said(home)


REFUSALS = {"PermissionError", "OSError", "FileNotFoundError", "gaierror", "URLError", "MemoryError", "ValueError",
            "ProcessLookupError"}  # fmt: skip


def test_every_way_out_in_the_engine_is_refused(home: Path) -> None:
    ways = "\n".join(
        f"result.append(tried({one.name!r}, lambda: db.execute({named(home, one.code)!r}).fetchall()))"
        for one in IN_ENGINE
    )
    ended = job(home, f"{TRY}{ways}\nresult.append(tried('the data', lambda: db.sql('FROM ztf.sources').fetchall()))")
    assert ended.error == "", said(home)
    *found, last = rows(home)
    assert [one for one in found if one["got"] == "OUT"] == []
    assert (len(found), last["got"]) == (len(IN_ENGINE), "OUT")
    assert pq.read_table(home / "permitted.parquet").num_rows == 1000
    assert SECRET not in str(found)


@pytest.mark.parametrize("text", NO_QUERIES)
def test_what_is_no_query_is_refused_before_its_turn(text: str) -> None:
    with pytest.raises(ConfigError, match="a job in SQL"):
        require_query(text)


@pytest.mark.parametrize("text", ["SELECT " + "[" * 900 + "]" * 900, "SELECT * FROM " + "a," * 5000 + "a"])
def test_what_is_nested_without_end_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ConfigError, match=r"nested too deeply|one SELECT"):
        require_query(text)


@pytest.mark.parametrize("text", ["SELECT 1", "FROM ztf.sources", "WITH a AS (SELECT 1 x) SELECT x FROM a UNION ALL SELECT 2",
                                  "SELECT unnest([1, 2])", "SELECT * FROM range(3) t(i) JOIN ztf.sources ON true"])  # fmt: skip
def test_what_is_a_query_waits_for_its_turn(text: str) -> None:
    require_query(text)


def test_nothing_of_others_lies_in_it_and_nothing_is_handed_on(home: Path) -> None:
    ended = job(home, f"SECRET = {SECRET!r}\n{LOOK}".replace(SECRET, "a-row-of-' + 'somebody-else"))
    assert ended.error == "", said(home)
    found = rows(home)
    assert not [one for one in found if one["found"]]
    assert {one["path"] for one in found} >= {"/data/d.parquet", "/job/order.json"}
    handles = re.search(r"handles \[(.*)\]", said(home))
    assert handles is not None
    assert len(handles.group(1).split(",")) <= 6, "input, output, errors, result, outcome, filter"


def test_a_table_of_many_files_is_handed_in(home: Path) -> None:
    folder, many = home / "user_jobs" / "many", 3_500
    folder.mkdir()
    files = {f"/data/ztf/{number}.parquet": home / "permitted.parquet" for number in range(many)}
    view = {"ztf.sources": "SELECT * FROM read_parquet(['/data/ztf/7.parquet', '/data/ztf/3499.parquet'])"}
    for _ in range(2):  # a job that was cut off finds what its first try has left
        ended = run(folder, Code("sql", "FROM ztf.sources", "csv", view, files), LIMITS)
        assert (ended.rows, ended.error) == (2000, ""), said(home, "many")
    assert (home / "permitted.parquet").stat().st_mode & 0o111 == 0


# What takes without end: name, code, limits, what is told, None where the job ends by itself
WITHOUT_END = {
    "runs": ("while True: pass", SHORT, "was not done after"),
    "sleeps": ("import time; time.sleep(100)", SHORT, "was not done after"),
    "will not hear": (
        "import signal\nfor one in range(1, 32):\n try: signal.signal(one, signal.SIG_IGN)\n except OSError: pass\nwhile True: pass",
        SHORT, "was not done after"),
    "takes memory": ("held = []\nwhile True: held.append(bytearray(1 << 24))", LIMITS, "needs more"),
    "takes memory in the engine": (
        "result = db.sql('SELECT list(i::VARCHAR || repeat($$x$$, 100)) FROM range(1000000000) t(i)')", SHORT, "."),
    "joins without end": (
        "result = db.sql('SELECT sum(a.i * b.i * c.i) FROM range(100000) a(i), range(100000) b(i), range(100000) c(i)')",
        SHORT, "."),
    "starts threads": (
        "import threading, time\nfor _ in range(10000): threading.Thread(target=time.sleep, args=(100,)).start()",
        LIMITS, "start new thread|was ended"),
    "recurses": ("import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()", SHORT, "."),
    "makes a text of 2 GB": ("result = db.sql('SELECT length(repeat($$x$$, 2000000000))')", SHORT, "."),
    "makes long texts": (
        "result = db.sql('SELECT max(length(repeat($$x$$, 100000000 + i))) FROM range(10000) t(i) GROUP BY i')", SHORT, "."),
    "writes a result too large": (
        "import os\nresult = [{'x': os.urandom(1 << 20)} for _ in range(40)]", LIMITS, "larger than|too large"),
    "forges the outcome": ("import os\nfor h in range(3, 256):\n try: os.write(h, b'{\"rows\": \"many\"}')\n except OSError: pass\nos._exit(0)",
                           LIMITS, "was ended"),
    "forges a deep outcome": ("import os\nfor h in range(3, 256):\n try: os.write(h, b'[' * 60000)\n except OSError: pass\nos._exit(0)",
                              LIMITS, "was ended"),
    "says what is no text": ("raise ValueError('\\ud800')", LIMITS, r"ValueError: \\ud800"),
}  # fmt: skip


def test_what_takes_without_end_is_ended(home: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        doing = {name: pool.submit(job, home, code, limits, name=name.replace(" ", "_"))
                 for name, (code, limits, _) in WITHOUT_END.items()}  # fmt: skip
    for name, (_, limits, told) in WITHOUT_END.items():
        ended = doing[name].result()
        assert re.search(told, ended.error), f"{name}: {ended}, {said(home, name.replace(' ', '_'))[-300:]}"
        assert ended.rows is None
        assert ended.seconds < limits.seconds + 20
    assert not [one for one in psutil.process_iter() if "/job/inside.py" in " ".join(_command(one))]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline() if process.status() != psutil.STATUS_ZOMBIE and _is_mine(process) else []
    except psutil.Error:
        return []


def _is_mine(process: psutil.Process) -> bool:
    return psutil.Process() in process.parents()


def test_a_flood_of_words_is_cut(home: Path) -> None:
    ended = job(home, "for _ in range(200000): print('x' * 100)\nresult = [{'a': 1}]")
    assert (ended.rows, ended.error) == (1, "")
    assert MOST_LOG_BYTES < len(said(home).encode()) < MOST_LOG_BYTES + 200


def test_a_job_is_ended_on_demand_with_all_that_it_started(home: Path) -> None:
    began = time.monotonic()
    folder = home / "user_jobs" / "cancelled"
    folder.mkdir()
    code = Code("python", "import threading\nfor _ in range(9): threading.Thread(target=lambda: [0 for _ in iter(int, 1)]).start()\n"
                          "while True: pass",
                "csv", {}, {})  # fmt: skip
    ended = run(folder, code, LIMITS, lambda: time.monotonic() > began + 2)
    assert (ended.is_cancelled, ended.error, ended.rows) == (True, "", None)
    assert not [one for one in psutil.process_iter() if "/job/inside.py" in " ".join(_command(one))]
    assert not list(folder.glob("result*"))


def test_a_job_that_is_cancelled_as_it_starts_is_ended_too(home: Path) -> None:
    """Bubblewrap is killed before it has bound its child to its own end."""
    folder = home / "user_jobs" / "at_once"
    folder.mkdir()
    began = time.monotonic()
    ended = run(folder, Code("python", "while True: pass", "csv", {}, {}), LIMITS, lambda: True)
    assert (ended.is_cancelled, ended.rows) == (True, None)
    assert time.monotonic() - began < LIMITS.seconds / 2
    time.sleep(1)
    assert not [one for one in psutil.process_iter() if _is_of(one, str(folder))]


def _is_of(process: psutil.Process, folder: str) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and any(folder in word for word in process.cmdline())
    except psutil.Error:
        return False


def test_without_bubblewrap_a_job_is_refused_with_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Exception, match=re.escape(MISSING)):
        bubblewrap()
