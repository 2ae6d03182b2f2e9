"""What every nightly job shares: arguments in, one step, its result stored, an exit code out."""

import argparse
import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from fink_lib.config import Settings
from fink_lib.errors import FinkError
from fink_lib.files import JsonObject
from fink_lib.lake.formats import require_current_lake
from fink_lib.nightly.results import Step, check_result, read_result, write_failure, write_result
from fink_lib.nights import parse_night
from fink_lib.processes.endings import log_to_stderr, sentence_of, tell_failure
from fink_lib.surveys import Survey, get_survey

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class NightContext:
    """One night of one survey, in one run of its closing.

    Attributes
    ----------
    settings, survey, night
        What is closed, and with which settings.
    run_id
        The run that this step belongs to; results of other runs are not read.
    dag_id
        The DAG of that run; empty is `close_night`.
    """

    settings: Settings
    survey: Survey
    night: dt.date
    run_id: str
    dag_id: str = ""

    @property
    def folder(self) -> Path:
        """Folder of the night's results."""
        return self.settings.night_dir(self.survey.name, self.night.isoformat())

    @property
    def label(self) -> str:
        """How sentences name the night."""
        return f"{self.survey.name} {self.night.isoformat()}"

    def result(self, step: Step) -> JsonObject | None:
        """Return what an earlier step of the same run found."""
        return read_result(self.folder, step, self.run_id)


@dataclass(frozen=True)
class Outcome:
    """What a step found, and the error that it must end with once that is stored.

    Attributes
    ----------
    result
        JSON facts of the step.
    failure
        Why the chain must stop here; None when it may go on.
    """

    result: JsonObject
    failure: FinkError | None = None


StepFunction: TypeAlias = Callable[[NightContext], Outcome]


def parse_context(step: Step, arguments: Sequence[str] | None = None) -> NightContext:
    """Read the command line that all nightly jobs have in common.

    Parameters
    ----------
    step
        Names the program in its help.
    arguments
        Those of the command line; this process's own when not given.

    Raises
    ------
    FinkError
        When there is no such survey, or the night is no date.
    """
    parser = argparse.ArgumentParser(prog=f"jobs/nightly/{step}.py", description=f"The {step} step of one night.")
    parser.add_argument("--survey", required=True, help="survey, for example ztf")
    parser.add_argument("--night", required=True, help="night to close, YYYY-MM-DD")
    parser.add_argument("--run-id", required=True, help="run that this step belongs to")
    parser.add_argument("--dag-id", default="", help="DAG of that run; the survey's close_night when not given")
    chosen = parser.parse_args(arguments)
    survey, night = get_survey(chosen.survey), parse_night(chosen.night)
    return NightContext(Settings(), survey, night, chosen.run_id, chosen.dag_id)


def perform(context: NightContext, step: Step, function: StepFunction) -> JsonObject:
    """Run a step, store its result, then raise its failure if it has one.

    Parameters
    ----------
    context
        The night, and the run that the result belongs to.
    step
        Names the file of the result, and tells which shape it must have.
    function
        What does the step.

    Raises
    ------
    FinkError
        Whatever the step raises, or the failure it reports after its result was stored.
    """
    outcome = function(context)
    check_result(step, outcome.result)
    write_result(context.folder, step, context.run_id, outcome.result)
    if outcome.failure is not None:
        raise outcome.failure
    return outcome.result


def run_step(step: Step, function: StepFunction, arguments: Sequence[str] | None = None) -> int:
    """Run a step as a process: return 0, or another code after one sentence on stderr.

    Parameters
    ----------
    step, function
        Those of `perform`.
    arguments
        Those of the command line; this process's own when not given.
    """
    log_to_stderr()
    context: NightContext | None = None
    try:
        context = parse_context(step, arguments)
        require_current_lake(context.settings.lake)
        perform(context, step, function)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        return _failed(context, step, error)
    logger.info("step=%s night=%s done", step, context.label)
    return 0


def _failed(context: NightContext | None, step: Step, error: Exception) -> int:
    if context is not None:
        write_failure(context.folder, step, context.run_id, sentence_of(error))
    return tell_failure(step, error)
