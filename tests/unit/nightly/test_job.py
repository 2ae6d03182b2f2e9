"""One step as a process: its result, its sentence, its exit code."""

import json
from pathlib import Path

import pytest

from fink_lib.config import Settings
from fink_lib.errors import BrokerError, EquationBroken, LakeError
from fink_lib.nightly.job import NightContext, Outcome, run_step
from fink_lib.nightly.results import NOT_RUN, Step, read_result, why_missing
from fink_lib.processes.endings import EXIT_FAILED, EXIT_FATAL

ARGUMENTS = ("--survey", "ztf", "--night", "2021-11-22", "--run-id", "r1")


@pytest.fixture
def folder(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FINK_HOME", str(settings.home))
    return settings.night_dir("ztf", "2021-11-22")


def test_a_result_is_stored_with_its_run(folder: Path) -> None:
    facts = {"survey": "ztf", "night": "2021-11-22", "tables": {}}
    assert run_step(Step.COMPACT, lambda _: Outcome(facts), ARGUMENTS) == 0
    assert json.loads((folder / "compact.json").read_text()) == {
        **facts,
        "step": "compact",
        "run_id": "r1",
    }
    assert read_result(folder, Step.COMPACT, "another run") is None
    assert why_missing(folder, Step.COMPACT, "another run") == NOT_RUN


def test_a_failure_comes_after_the_result_is_stored(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def work(_night: NightContext) -> Outcome:
        return Outcome({"holds": False}, EquationBroken("2 alerts are nowhere"))

    assert run_step(Step.STATISTICS, work, ARGUMENTS) == EXIT_FATAL
    assert json.loads((folder / "statistics.json").read_text())["holds"] is False
    assert capsys.readouterr().err.splitlines()[-1] == "statistics failed: 2 alerts are nowhere"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (LakeError("no table"), EXIT_FATAL),
        (BrokerError("no table"), EXIT_FAILED),
        (RuntimeError("no table\nand a long story"), EXIT_FAILED),
    ],
)
def test_a_step_that_breaks_says_why_in_one_line_and_whether_a_retry_may_help(
    folder: Path, capsys: pytest.CaptureFixture[str], error: Exception, code: int
) -> None:
    def work(_night: NightContext) -> Outcome:
        raise error

    assert run_step(Step.STATISTICS, work, ARGUMENTS) == code
    assert capsys.readouterr().err.splitlines()[-1].endswith("no table")
    assert why_missing(folder, Step.STATISTICS, "r1").endswith("no table")
    assert read_result(folder, Step.STATISTICS, "r1") is None
    assert run_step(Step.STATISTICS, lambda _night: Outcome({}), ARGUMENTS) == 0
    assert why_missing(folder, Step.STATISTICS, "r1") == NOT_RUN  # a later success clears the failure


def test_a_wrong_survey_or_night_is_one_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = ("--survey", "nope", "--night", "2021-11-22", "--run-id", "r1")
    assert run_step(Step.REPORT, lambda _night: Outcome({}), wrong) == EXIT_FATAL
    assert "unknown survey 'nope'" in capsys.readouterr().err
