"""What a nightly step leaves behind: one JSON file a step, in the night's folder, tied to its run."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from fink_lib import files
from fink_lib.contracts.steps import RESULTS
from fink_lib.moved import names_of

if not TYPE_CHECKING:  # it would tell mypy that the module has every name
    __getattr__ = names_of(__name__)


class Step(StrEnum):
    """The steps that close a night, in order; each name is that of its task, job, module and JSON file."""

    RECONCILE = "reconcile"
    QUALITY = "quality"
    CROSSMATCH = "crossmatch"
    OBJECTS = "objects"
    EVENTS = "events"
    COMPACT = "compact"
    STATISTICS = "statistics"
    SERVE = "serve"
    REPORT = "report"
    MANIFEST = "manifest"


NOT_RUN = "the step has not run in this run of the night"


def result_path(folder: Path, step: Step) -> Path:
    """Return the file of a step's result.

    Parameters
    ----------
    folder
        Of the night.
    step
        Which.
    """
    return folder / f"{step}.json"


def failure_path(folder: Path, step: Step) -> Path:
    """Return the file of the sentence that a step ended with when it failed.

    Parameters
    ----------
    folder
        Of the night.
    step
        Which.
    """
    return folder / f"{step}.failed.json"


def check_result(step: Step, facts: files.JsonObject) -> None:
    """Refuse a result that is not of its declared shape, as it will stand in its file.

    Parameters
    ----------
    step
        One without a declared shape takes any facts.
    facts
        The result, before run and step are written to it.

    Raises
    ------
    ConfigError
        Naming the first field that does not fit.
    """
    if step in RESULTS:
        RESULTS[step].of(json.loads(files.to_json(facts)))


def write_result(folder: Path, step: Step, run_id: str, facts: files.JsonObject) -> Path:
    """Store the result of a step and forget an earlier failure of it.

    Parameters
    ----------
    folder
        Of the night.
    step
        Which.
    run_id
        The run that it is of.
    facts
        The result.

    Returns
    -------
    The file.
    """
    path = result_path(folder, step)
    files.replace_text(path, files.to_json({**facts, "step": str(step), "run_id": run_id}))
    failure_path(folder, step).unlink(missing_ok=True)
    return path


def write_failure(folder: Path, step: Step, run_id: str, sentence: str) -> None:
    """Keep the sentence that a step failed with, for the report.

    Parameters
    ----------
    folder
        Of the night.
    step
        Which.
    run_id
        The run that failed.
    sentence
        What people are to read.
    """
    files.replace_text(
        failure_path(folder, step), files.to_json({"step": str(step), "run_id": run_id, "error": sentence})
    )


def read_result(folder: Path, step: Step, run_id: str) -> files.JsonObject | None:
    """Read the result of a step; None when it has none **of this run** (an older run's would mislead).

    Parameters
    ----------
    folder
        Of the night.
    step
        Which.
    run_id
        The run that the result must be of.
    """
    return _of_run(result_path(folder, step), run_id)


def why_missing(folder: Path, step: Step, run_id: str) -> str:
    """Say why a step has no result.

    Parameters
    ----------
    folder
        Of the night.
    step
        One that has no result in this run.
    run_id
        The run.

    Returns
    -------
    The sentence of its failure in this run; `NOT_RUN` where it did not fail.
    """
    failure = _of_run(failure_path(folder, step), run_id)
    return str(failure["error"]) if failure else NOT_RUN


def _of_run(path: Path, run_id: str) -> files.JsonObject | None:
    try:
        facts: files.JsonObject = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return facts if facts.get("run_id") == run_id else None
