"""Who may import whom: science ← lake, streaming ← stages ← jobs; Airflow in one package, and never with Spark."""

import ast
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fink_lib.config import PROJECT_DIR
from fink_lib.surveys import SURVEYS

LIBRARY = PROJECT_DIR / "fink_lib"
HOUSE = ("fink_lib", "dags", "jobs", "expectations", "tests")
MOST_LINES_OF_FILE, MOST_LINES_OF_HALF, MOST_LINES_OF_FUNCTION = 400, 130, 50
STAGES = {"ingest", "enrich", "distribute", "nightly", "reprocess"}
# package → what it must not import; `fink_lib.x` is written `x`
FORBIDDEN = {
    "science": {"pyspark", "delta", "airflow", "lake", "streaming", "spark", "orchestration", *STAGES},
    "catalogs": {"pyspark", "delta", "airflow", "lake", "streaming", "spark", "orchestration", *STAGES},
    "filters": {"pyspark", "delta", "airflow", "lake", "streaming", "spark", "orchestration", *STAGES},
    "models": {"pyspark", "delta", "airflow", "lake", "streaming", "spark", "orchestration", "science", *STAGES},
    "offline": {"pyspark", "delta", "airflow", "spark", "orchestration", "cli", *STAGES},
    "surveys": {"pyspark", "delta", "airflow", "lake", "streaming", "spark", "orchestration", "science", *STAGES},
    "lake": {"airflow", "orchestration", *STAGES},
    "streaming": {"airflow", "orchestration", *STAGES},
    "ingest": {"airflow", "orchestration"},
    "enrich": {"airflow", "orchestration"},
    "distribute": {"airflow", "orchestration"},
    "nightly": {"airflow", "orchestration"},
    "crossmatch": {"airflow", "orchestration", *STAGES},
    "quarantine": {"airflow", "orchestration"},
    "reprocess": {"airflow", "orchestration", "cli"},
    "user_filters": {"airflow", "orchestration", "cli", *STAGES},
    "transfer": {"airflow", "orchestration", "cli"},
    "notices": {"pyspark", "delta", "airflow", "orchestration", "cli"},
    "simulator": {"pyspark", "delta", "airflow", "orchestration"},
    "orchestration": {"pyspark", "delta", "spark", "lake", "cli", *STAGES},
}


def imported(path: Path) -> Iterator[str]:
    """Yield every imported module, also those inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "fink_lib":
                yield from (f"fink_lib.{alias.name}" for alias in node.names)


def part(module: str) -> str:
    """Name what a rule forbids: the top package, or the part of this library."""
    names = module.split(".")
    return names[1] if names[0] == "fink_lib" and len(names) > 1 else names[0]


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


@pytest.mark.parametrize("package", sorted(FORBIDDEN))
def test_a_package_imports_only_what_is_below_it(package: str) -> None:
    wrong = [
        f"{path.relative_to(PROJECT_DIR)} imports {module}"
        for path in files(LIBRARY / package)
        for module in imported(path)
        if part(module) in FORBIDDEN[package]
    ]
    assert wrong == []


def test_nothing_imports_from_dags_or_jobs() -> None:
    everything = [path for folder in ("fink_lib", "jobs", "dags", "tests") for path in files(PROJECT_DIR / folder)]
    wrong = [str(path) for path in everything for module in imported(path) if part(module) in {"dags", "jobs"}]
    assert wrong == []


def test_only_orchestration_and_dags_import_airflow() -> None:
    outside = [path for path in files(LIBRARY) if LIBRARY / "orchestration" not in path.parents]
    outside += files(PROJECT_DIR / "jobs")
    assert [str(path) for path in outside for module in imported(path) if part(module) == "airflow"] == []


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


def test_orchestration_loads_without_spark() -> None:
    program = (
        "import sys, fink_lib.orchestration.operators, fink_lib.orchestration.jobs, fink_lib.orchestration.plain_jobs\n"
        "sys.exit(', '.join(name for name in sys.modules if name.split('.')[0] in ('pyspark', 'delta', 'py4j')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr.strip().splitlines()[-1:] == []
