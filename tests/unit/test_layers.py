"""Who may import whom: import-linter's contracts are kept and can be broken, and what it does not see is held here."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fink_lib.config import PROJECT_DIR
from tests.unit.imports import FOLDERS, imported, loaded, module_in, named, python_files, ranks, strings_upward

MOST_LINES_OF_JOB = 80
# What Airflow's own processes read of the library when they load a DAG: light, and no work
OF_DAGS = {"airflow", "fink_lib.orchestration", "fink_lib.config", "fink_lib.surveys", "fink_lib.nights"}
OF_DAGS |= {"fink_lib.nightly.results"}
NOT_OF_JOBS = {"airflow", "dags", "jobs", "fink_lib.orchestration", "fink_lib.cli", "fink_lib.host", "fink_lib.bench"}
NOT_OF_SUITES = {"airflow", "pyspark", "dags", "jobs"}


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def is_of(name: str, modules: set[str]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in modules)


def all_names(path: Path) -> set[str]:
    tree = tree_of(path)
    return {*imported(tree), *named(tree), *loaded(tree)}


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on a tree as `make check` does."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    return subprocess.run(
        command, cwd=root, env={"PYTHONPATH": str(root)}, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The code of this checkout alone, to plant faults in."""
    for path in python_files(PROJECT_DIR, *FOLDERS):
        there = tmp_path / path.relative_to(PROJECT_DIR)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, there)
    shutil.copyfile(PROJECT_DIR / "pyproject.toml", tmp_path / "pyproject.toml")
    return tmp_path


def plant(root: Path, name: str, line: str) -> None:
    with (root / name).open("a") as module:
        module.write(f"\n{line}\n")


def test_the_contracts_are_kept() -> None:
    done = lint(PROJECT_DIR)
    assert done.returncode == 0, done.stdout + done.stderr


# Where a line is planted, the line, and what import-linter then says
IMPORTS = [
    ("fink_lib/kafka/reading.py", "import fink_lib.distribute.counter", "imports only downward BROKEN"),
    (
        "fink_lib/notices/senders.py",
        "def late() -> None:\n    from fink_lib.nightly import results\n",
        "fink_lib.notices.senders -> fink_lib.nightly.results",
    ),
    ("fink_lib/transfer/kept.py", "import fink_lib.nightly.results", "closing of a night BROKEN"),
    ("fink_lib/host/ports.py", "import airflow", "Airflow only in orchestration BROKEN"),
    ("fink_lib/catalogs/cells.py", "import pyspark", "a package's own spark/ BROKEN"),
    ("fink_lib/quality/rules.py", "import expectations.records", "it is handed them BROKEN"),
]


def test_each_planted_import_breaks_its_contract(copied: Path) -> None:
    """All at once: a run for each would take a minute; a package that has no layer comes with them."""
    for name, line, _ in IMPORTS:
        plant(copied, name, line)
    added = copied / "fink_lib" / "nowhere"
    added.mkdir()
    (added / "__init__.py").touch()
    done = lint(copied)
    assert done.returncode == 1, done.stdout + done.stderr
    assert [told for *_, told in IMPORTS if told not in done.stdout] == []
    assert "not listed as layers:\n\n- fink_lib.nowhere" in done.stdout


def test_no_string_names_a_module_above() -> None:
    assert strings_upward(PROJECT_DIR) == []


STRINGS = {
    ("fink_lib/streams/loop.py", 'DAEMON = "fink_lib.enrich.work"', "fink_lib.enrich.work"),
    ("fink_lib/kafka/reading.py", 'COMMAND = ["-m", "fink_lib.host.jars"]', "fink_lib.host.jars"),
    ("fink_lib/kafka/topics.py", 'FOLDER = f"fink_lib.filters.{__name__}"', "fink_lib.filters"),
    ("fink_lib/nightly/closed.py", 'import_module("expectations.records")', "expectations.records"),
    ("fink_lib/host/ports.py", 'importlib.import_module("airflow.sdk")', "airflow.sdk"),
}


def test_each_planted_string_is_found(copied: Path) -> None:
    for name, line, _ in STRINGS:
        plant(copied, name, line)
    assert set(strings_upward(copied)) == {f"{name} names {module}" for name, _, module in STRINGS}


def test_a_string_may_name_what_lies_below() -> None:
    tree = tree_of(PROJECT_DIR / "fink_lib" / "host" / "registry.py")
    assert [module_in(PROJECT_DIR, name) for name in named(tree)] == ["fink_lib.kafka.registry.server"]
    depth = ranks(PROJECT_DIR)
    assert depth["fink_lib.host"] < depth["fink_lib.kafka"]


def test_dags_read_what_is_light() -> None:
    ours = {
        (path.name, name)
        for path in python_files(PROJECT_DIR, "dags")
        for name in all_names(path)
        if name.partition(".")[0] not in sys.stdlib_module_names
    }
    assert {one for one in ours if not is_of(one[1], OF_DAGS)} == set()


def test_jobs_are_thin_and_know_no_door() -> None:
    jobs = python_files(PROJECT_DIR, "jobs")
    assert [path.name for path in jobs if len(path.read_text().splitlines()) > MOST_LINES_OF_JOB] == []
    assert [(path.name, name) for path in jobs for name in all_names(path) if is_of(name, NOT_OF_JOBS)] == []


def test_suites_know_neither_spark_nor_jobs() -> None:
    suites = python_files(PROJECT_DIR, "expectations")
    assert [(path.name, name) for path in suites for name in all_names(path) if is_of(name, NOT_OF_SUITES)] == []


def test_nothing_imports_from_dags_or_jobs() -> None:
    everything = python_files(PROJECT_DIR, *FOLDERS, "tests")
    wrong = [
        (str(path), name) for path in everything for name in imported(tree_of(path)) if is_of(name, {"dags", "jobs"})
    ]
    assert wrong == []
