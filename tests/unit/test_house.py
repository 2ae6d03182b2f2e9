"""What a reader may count on: no survey asked for by name, and no file or function that is too long."""

import ast
import re
import statistics
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from fink_lib.config import PROJECT_DIR
from fink_lib.surveys import SURVEYS

LIBRARY = PROJECT_DIR / "fink_lib"
HOUSE = ("fink_lib", "dags", "jobs", "expectations", "tests")
STRICT_TESTS = 0.18  # share of the files of tests that mypy reads strictly; it reads all
MOST_LINES_OF_FILE, MOST_LINES_OF_HALF, MOST_LINES_OF_FUNCTION = 400, 130, 50


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def test_all_tests_are_typed_and_no_fewer_of_them_strictly_than_before() -> None:
    """Raise the share when more folders join; lower it never."""
    with (PROJECT_DIR / "pyproject.toml").open("rb") as file:
        mypy = tomllib.load(file)["tool"]["mypy"]
    assert "tests" in mypy["files"]
    (strict,) = (one["module"] for one in mypy["overrides"] if one.get("strict_equality"))
    folders = [PROJECT_DIR / one.removesuffix(".*").replace(".", "/") for one in strict]
    every = files(PROJECT_DIR / "tests")
    typed = [path for path in every if any(folder in path.parents for folder in folders)]
    assert len(typed) / len(every) > STRICT_TESTS


def test_no_survey_is_asked_for_by_name_outside_surveys() -> None:
    paths = [path for path in files(LIBRARY) if LIBRARY / "surveys" not in path.parents]
    paths += [path for folder in ("jobs", "dags") for path in files(PROJECT_DIR / folder)]
    wrong = [f"{path.relative_to(PROJECT_DIR)}:{line}" for path in paths for line in comparisons_with_a_survey(path)]
    assert wrong == []


def comparisons_with_a_survey(path: Path) -> Iterator[int]:
    """Yield the lines where something is compared with the name of a survey: ``==``, ``!=``, ``in (…)``, ``match``."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Compare | ast.match_case):
            continue
        asked = node.pattern if isinstance(node, ast.match_case) else node
        if any(isinstance(part, ast.Constant) and part.value in SURVEYS for part in ast.walk(asked)):
            yield asked.lineno


@pytest.mark.parametrize("text", ["survey == 'ztf'", "'lsst' != name", "name in ('ztf', 'lsst')"])
def test_a_comparison_with_a_survey_is_found(text: str, tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text(f"if {text}:\n    pass\n")
    assert list(comparisons_with_a_survey(tmp_path / "code.py")) == [1]


def test_the_house_is_kept() -> None:
    """No file over 400 lines, no function over 50; half the files are under 130."""
    paths = [path for folder in HOUSE for path in files(PROJECT_DIR / folder)]
    lengths = {path: len(path.read_text().splitlines()) for path in paths}
    assert [str(path) for path, lines in lengths.items() if lines > MOST_LINES_OF_FILE] == []
    assert statistics.median(lengths.values()) < MOST_LINES_OF_HALF
    long = [
        f"{path.relative_to(PROJECT_DIR)}:{node.lineno} {node.name}"
        for path in paths
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > MOST_LINES_OF_FUNCTION
    ]
    assert long == []


def test_rows_in_memory_become_a_frame_of_spark_in_one_way() -> None:
    """Spark drops what lies behind a piece without rows: `frame_of` alone hands it tables; others rows of Python."""
    makers = {
        path.relative_to(PROJECT_DIR).as_posix()
        for folder in ("fink_lib", "dags", "jobs")
        for path in files(PROJECT_DIR / folder)
        if ".createDataFrame(" in path.read_text()
    }
    of_python = {"fink_lib/lake/spark/table.py", "fink_lib/enrich/facts.py"}
    assert makers == {"fink_lib/lake/spark/arrow_rows.py", *of_python}


def test_locks_have_one_form_on_disk() -> None:
    """Whoever locks a file by himself has a lock that no object store can keep."""
    paths = [path for folder in ("fink_lib", "dags", "jobs", "expectations") for path in files(PROJECT_DIR / folder)]
    users = [
        path.relative_to(LIBRARY).as_posix()
        for path in paths
        if re.search(r"(?:import|from) fcntl|lockf\b", path.read_text())
    ]
    assert users == ["locks/local.py"]


def test_each_file_of_tests_has_a_name_of_its_own() -> None:
    """Folders of tests are no packages: of two files of one name, pytest reads the first and stops at the second."""
    names = Counter(path.name for path in (PROJECT_DIR / "tests").rglob("test_*.py"))
    assert [name for name, times in names.items() if times > 1] == []
