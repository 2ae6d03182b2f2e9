"""What a process imports before it does anything: most of the seconds of a short one, so it imports what it needs."""

import ast
import json
import subprocess
import sys

import pytest

from fink_lib.config import PROJECT_DIR
from tests.unit.imports import imported, python_files

JOBS = "jobs/nightly"
# Nothing that closes a night needs these to begin; a step that meets such work imports them then
NEVER: tuple[str, ...] = (
    "pyspark",
    "delta",
    "py4j",
    "great_expectations",
    "astropy",
    "astropy_healpix",
    "light_curve",
    "onnxruntime",
)
NEVER += ("scipy.special", "scipy.spatial", "scipy.stats", "scipy.ndimage", "httpx", "rich", "typer", "fastapi")
# What some steps work with, and which
ONLY = {
    "confluent_kafka": {"reconcile", "events"},
    "sqlglot": {"quality", "crossmatch", "serve"},
    "duckdb": {"serve"},
    "matplotlib": {"report"},
    "numba": {"report"},
    "fink_lib.science.framework.registry": {"quality", "statistics", "report"},
    "fink_lib.filters.registry": {"quality", "statistics", "report"},
}
# Forked after what all steps share: the whole costs as much as one step and a half
PROGRAM = """
import json, os, runpy, sys
import fink_lib.nightly.job
for path in sys.argv[1:]:
    sys.stdout.flush()
    if not os.fork():
        runpy.run_path(path)
        print(json.dumps([path, sorted(sys.modules)]), flush=True)
        os._exit(0)
    if os.wait()[1]:
        sys.exit(path + " cannot be imported")
"""


def loaded(program: str, *arguments: str) -> str:
    """Run a program from the project's folder; return what it says."""
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, timeout=120, check=False)
    assert not done.returncode, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def modules() -> dict[str, set[str]]:
    """Step → what its process has imported before it reads its command line."""
    jobs = sorted(str(path.relative_to(PROJECT_DIR)) for path in python_files(PROJECT_DIR, JOBS))
    told = [json.loads(line) for line in loaded(PROGRAM, *jobs).splitlines()]
    return {path.removeprefix(f"{JOBS}/").removesuffix(".py"): set(names) for path, names in told}


def test_steps_import_what_they_need(modules: dict[str, set[str]]) -> None:
    """Also that each step there is was looked at: a table of nothing would be kept by all."""
    assert {*NEVER} & set().union(*modules.values()) == set()
    assert {name: {step for step, there in modules.items() if name in there} for name in ONLY} == ONLY


def test_orchestration_loads_without_spark() -> None:
    """Nor what compiles the walk over packets, which a survey's name does not need."""
    program = (
        "import sys, fink_lib.orchestration.operators, fink_lib.orchestration.jobs, fink_lib.orchestration.plain_jobs\n"
        "heavy = ('pyspark', 'delta', 'py4j', 'numba', 'scipy', 'astropy')\n"
        "print(', '.join(name for name in sys.modules if name.split('.')[0] in heavy))"
    )
    assert loaded(program).split() == []


def test_who_forks_science_has_its_packages() -> None:
    """What modules import with the first alert, a process that forks others for them has imported before."""
    science = PROJECT_DIR / "fink_lib" / "science"
    there = set(imported(ast.parse((science / "framework" / "packages.py").read_text())))
    late = {
        name
        for path in python_files(science, "cases", "methods")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef)
        for name in imported(ast.Module(function.body, []))
    }
    assert {name for name in late if not any(f"{name}.".startswith(f"{package}.") for package in there)} == set()
    assert {package for package in there if not any(f"{name}.".startswith(f"{package}.") for name in late)} == set()
