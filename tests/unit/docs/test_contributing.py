"""CONTRIBUTING.md is followed, file by file, in a copy of the code; what comes out works."""

import gzip
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import fastavro
import pytest

from fink_lib.config import PROJECT_DIR
from tests.unit.docs.code_blocks import Block, apply, blocks_of

PAGE = (PROJECT_DIR / "CONTRIBUTING.md").read_text()
OF_TESTS = ("unit", "builders", "running", "dags", "releases")
COPIED = ("fink_lib", "expectations", "jobs", "dags", *(f"tests/{name}" for name in OF_TESTS))
FILES = ("pyproject.toml", "tests/conftest.py")
# The tests that the page has people write, and those that it has them change
LAKE = "tests/unit/lake/test_lake_tables.py"
TESTS = (
    "tests/unit/docs/followed.py",
    "tests/unit/science/test_peak.py",
    "tests/unit/catalogs/test_white_dwarfs.py",
    "tests/unit/surveys/test_mysky.py",
    "tests/unit/lake/test_observing_notes.py",
    f"{LAKE}::test_which_tables_came_and_that_none_went",
    f"{LAKE}::test_a_table_is_the_one_that_v0_1_0_made",
    "tests/unit/filters/test_registry.py::test_ztf_has_its_filters_each_on_its_topic",
    "tests/unit/filters/test_truth_tables.py",
)
CHOSEN = "not test_truth_tables or bright_and_rising or every_filter_has"

POINT = {
    "type": "record",
    "name": "point",
    "fields": [{"name": name, "type": "double"} for name in ("jd", "ra", "dec", "mag", "magErr", "rb")]
    + [{"name": "filter", "type": "string"}],
}
STAMPS = ("stampScience", "stampTemplate", "stampDifference")
PACKET: dict[str, Any] = {
    "type": "record",
    "name": "alert",
    "fields": [
        {"name": "alertId", "type": "long"},
        {"name": "objectName", "type": "string"},
        {"name": "point", "type": POINT},
        {"name": "previous", "type": {"type": "array", "items": "point"}},
        *({"name": name, "type": ["null", "bytes"]} for name in STAMPS),
    ],
}


def packet(number: int) -> bytes:
    """An alert of the survey that the page adds, in its container: it faded by a magnitude since yesterday."""
    now = {"jd": 2460000.75, "ra": 10.0 + number, "dec": -5.0, "mag": 19.0, "magErr": 0.1, "rb": 0.9, "filter": "r"}
    past = {**now, "jd": 2459999.75, "mag": 18.0}
    stamp = gzip.compress(b"a stamp", mtime=0)
    record = {"alertId": number, "objectName": f"MY{number}", "point": now, "previous": [past]}
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema(PACKET), [{**record, **dict.fromkeys(STAMPS, stamp)}])
    return out.getvalue()


def environment(root: Path) -> dict[str, str]:
    """What a process is started with that is to see the copy alone, and no data of this machine but the cache."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FINK_", "PYTEST_"))}
    cache = {name: value for name, value in os.environ.items() if name == "FINK_CACHE"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    return {**kept, **cache, "PYTHONPATH": str(root), "PATH": path, "SCHEMAS": str(root / "schemas"), "TOP": "alert"}


def shell(root: Path, command: str) -> str:
    """Run a command in the copy; return what it said."""
    done = subprocess.run(
        ["bash", "-ec", command], cwd=root, env=environment(root), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code, in which everything was done that the page says, in its order."""
    root = tmp_path_factory.mktemp("contributing")
    for name in COPIED:
        shutil.copytree(PROJECT_DIR / name, root / name)
    for name in FILES:
        shutil.copyfile(PROJECT_DIR / name, root / name)
    packets = root / "tests/unit/surveys/mysky"
    for folder in (root / "schemas", packets):
        folder.mkdir()
    for number in (1, 2):
        (packets / f"{number}_2023-02-25.avro").write_bytes(packet(number))
    for block in blocks_of(PAGE):
        if block.kind == "sh":
            shell(root, block.text)
        elif block.path:
            apply(block, root)
    return root


def test_each_thing_that_the_page_adds_has_its_files() -> None:
    paths = {block.path for block in blocks_of(PAGE)}
    for kind in ("science/cases/", "filters/ztf/", "surveys/mysky/", "catalogs/known.py", "lake/tables/people.py"):
        assert any(f"fink_lib/{kind}" in path for path in paths), kind
    assert {"jobs/maintenance/count_notes.py", "dags/maintenance/count_notes.py"} <= paths


def test_what_was_added_works(followed: Path) -> None:
    """One process for all of it: the tests that the page has people write, and runs of what was added."""
    told = shell(followed, f"pytest -q -p no:cacheprovider -k '{CHOSEN}' {' '.join(TESTS)}")
    assert "failed" not in told
    assert "skipped" not in told


def test_the_examples_keep_the_rules_of_the_house(followed: Path) -> None:
    """ruff's rules, the formatter, and the job's own process."""
    written = sorted({block.path for block in blocks_of(PAGE) if block.path.endswith(".py")})
    shell(followed, f"ruff check {' '.join(written)}")
    shell(followed, f"ruff format --check {' '.join(written)}")
    assert shell(followed, 'FINK_HOME="$PWD/home" python jobs/maintenance/count_notes.py') == "0 notes\n"


def test_a_change_that_fits_nowhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("one\ntwo\n")
    apply(Block("diff", "code.py", " one\n+more\n"), tmp_path)
    assert (tmp_path / "code.py").read_text() == "one\nmore\ntwo\n"
    with pytest.raises(AssertionError, match=r"code\.py: this stands there 0 times"):
        apply(Block("diff", "code.py", " three\n+more\n"), tmp_path)
