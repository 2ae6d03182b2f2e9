"""What reads the lake, and every command, starts without pyspark: a process of its own imports all of it."""

import json
import subprocess
import sys
from typing import Any

import pytest

LAKE = "fink_lib.lake"
# Packages and modules that are imported, with all that is in them
WITHOUT_SPARK = (
    LAKE,
    "fink_lib.bench.crossmatch",
    "fink_lib.catalogs",
    "fink_lib.kafka",
    "fink_lib.nightly",
    "fink_lib.notices",
    "fink_lib.quality",
    "expectations",
    "fink_lib.quarantine.browse",
    "fink_lib.transfer.kept",
    "fink_lib.transfer.request",
    "fink_lib.streams",
    "fink_lib.surveys",
    "fink_lib.science.framework.silver",
    "fink_lib.cli",
)
# What is Spark's own in them
SPARKS = (
    "fink_lib.lake.spark.",
    "fink_lib.nightly.on_cluster",
    "fink_lib.streams.endpoint",
    "fink_lib.streams.listener",
    "fink_lib.streams.loop",
    "fink_lib.streams.plan",
)
PROGRAM = f"""
import importlib, json, pkgutil, sys
from contextlib import redirect_stdout, suppress
from io import StringIO

came_by, done = {{}}, []

def look(what):
    done.append(what)
    for heavy in ("pyspark", "delta", "airflow"):
        if heavy in sys.modules:
            came_by.setdefault(heavy, what)

for package in {WITHOUT_SPARK!r}:
    top = importlib.import_module(package)
    look(package)
    for one in pkgutil.walk_packages(getattr(top, "__path__", []), package + "."):
        if not one.name.startswith({SPARKS!r}):
            importlib.import_module(one.name)
            look(one.name)
from fink_lib.cli.main import COMMANDS, build_app
for command in COMMANDS:
    with redirect_stdout(StringIO()) as said, suppress(SystemExit):
        build_app([command, "--help"])(args=[command, "--help"], prog_name="fink")
    assert "Usage: fink " + command in said.getvalue(), command
    look("fink " + command)
print(json.dumps({{"came_by": came_by, "done": done}}))
"""


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


def test_neither_spark_nor_delta_is_imported(told: dict[str, Any]) -> None:
    assert {heavy: first for heavy, first in told["came_by"].items() if heavy != "airflow"} == {}


def test_the_lake_imports_no_airflow(told: dict[str, Any]) -> None:
    assert not told["came_by"].get("airflow", "").startswith(LAKE)


def test_all_of_it_was_looked_at(told: dict[str, Any]) -> None:
    some = {"fink_lib.lake.small", "fink_lib.lake.tables.bronze", "fink_lib.catalogs.job", "fink_lib.cli.bench"}
    assert {*some, "fink lake"} <= set(told["done"])
