"""Who may import whom: science ← lake, streaming ← stages ← jobs; Airflow in one package, and never with Spark."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fink_lib.config import PROJECT_DIR

LIBRARY = PROJECT_DIR / "fink_lib"
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
    wrong = [
        f"{path.relative_to(PROJECT_DIR)}:{number}"
        for path in files(LIBRARY)
        if LIBRARY / "surveys" not in path.parents
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if "survey ==" in line or "survey.name ==" in line
    ]
    assert wrong == []


def test_orchestration_loads_without_spark() -> None:
    program = (
        "import sys, fink_lib.orchestration.operators, fink_lib.orchestration.jobs, fink_lib.orchestration.plain_jobs\n"
        "sys.exit(', '.join(name for name in sys.modules if name.split('.')[0] in ('pyspark', 'delta', 'py4j')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr.strip().splitlines()[-1:] == []
