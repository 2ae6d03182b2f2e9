"""What a reader may count on: no survey asked for by name, and no file or function that is too long."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from fink_lib.config import PROJECT_DIR
from fink_lib.surveys import SURVEYS

LIBRARY = PROJECT_DIR / "fink_lib"
HOUSE = ("fink_lib", "dags", "jobs", "expectations", "tests")
MOST_LINES_OF_FILE, MOST_LINES_OF_HALF, MOST_LINES_OF_FUNCTION = 400, 130, 50


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


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
