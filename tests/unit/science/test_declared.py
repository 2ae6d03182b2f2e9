"""What a module declares is what it is: it is listed, some survey feeds it, and it reads nothing else."""

import importlib
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from science_bench import CACHE
from test_contract import random_batch

from fink_lib.science import cases
from fink_lib.science.framework.base import FAILED, Module
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.registry import MODULES, runs_for
from fink_lib.science.framework.returned import columns_of
from fink_lib.science.framework.runner import run
from fink_lib.surveys import SURVEYS

FOLDER = Path(cases.__file__).parent
FILES = sorted(path for path in FOLDER.rglob("*.py") if path.name not in {"__init__.py", "registry.py"})


def imported(path: Path) -> ModuleType:
    return importlib.import_module(".".join((cases.__name__, *path.relative_to(FOLDER).with_suffix("").parts)))


def declared(module: Module, batch: AlertBatch) -> AlertBatch:
    """The batch as the module gets it where no other one runs beside it: with times, which order the points."""
    return replace(
        batch,
        scalars={name: batch.scalars[name] for name in module.scalars},
        histories={name: batch.histories[name] for name in {*module.histories, "time"}},
        forced={name: values for name, values in batch.forced.items() if name in {*module.forced, "time"}},
        _memo={},
    )


def test_every_module_that_a_file_holds_is_listed() -> None:
    listed = [module.name for module in MODULES]
    held = {module.name: path for path in FILES for module in getattr(imported(path), "MODULES", ())}
    assert len(held) > 10
    missing = [f"{path.name}: list {name} in a registry.py" for name, path in held.items() if name not in listed]
    assert missing == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_every_module_runs_for_a_survey(module: Module) -> None:
    """One that no survey feeds misspells an input: the names are those of `inputs` of `fink_lib/surveys/<survey>`."""
    assert [survey for survey in SURVEYS if runs_for(module, survey)]


@pytest.mark.parametrize("module", [one for one in MODULES if not one.needs], ids=lambda module: module.name)
def test_a_module_reads_no_input_that_it_does_not_declare(module: Module) -> None:
    outcome = run((module,), declared(module, random_batch(20)), CACHE)
    told = {why for reasons in outcome.errors.values() for why in reasons.values()}
    assert [why for why in told if why.startswith(FAILED)] == []


def test_an_output_that_is_not_returned_is_named() -> None:
    (module,) = [one for one in MODULES if one.name == "detections"]
    with pytest.raises(ValueError, match="no output 'nalerthist' was returned, there are nalerts"):
        columns_of(module, {"nalerts": [1]}, 1)
