"""The process that Airflow starts for one step of a request: arguments in, one step, one sentence when it fails."""

import argparse
import json
import logging
from collections.abc import Sequence
from enum import StrEnum

from fink_lib.config import Settings
from fink_lib.files import JsonObject, replace_text
from fink_lib.job_server.door import Say, run_on_spark
from fink_lib.job_server.kinds import Kind, Run
from fink_lib.lake.formats import require_current_lake
from fink_lib.processes.endings import run_job
from fink_lib.reprocess import promote, steps
from fink_lib.reprocess.diff_page import markdown
from fink_lib.reprocess.folder import RequestFolder, find
from fink_lib.reprocess.request import request_from_json
from fink_lib.reprocess.state import State, check_step

logger = logging.getLogger(__name__)

SUMMARY = "diff.md"


class Step(StrEnum):
    """The steps of a request; each name is that of its task."""

    PLAN = "plan"
    CANDIDATE = "candidate"
    DIFF = "diff"
    PROMOTE = "promote"
    DISCARD = "discard"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do one step; return an exit code, after one sentence on stderr when it fails."""
    parser = argparse.ArgumentParser(prog="jobs/on_demand/reprocess.py", description=__doc__)
    parser.add_argument("step", type=Step, choices=list(Step))
    parser.add_argument("--id", required=True, help="name of the request")
    parser.add_argument("--request", default="{}", help="what is asked for, as JSON; for the plan")
    parser.add_argument("--by", default="unknown", help="who decided")
    parser.add_argument("--reason", default="", help="why")
    chosen = parser.parse_args(arguments)
    return run_job(chosen.step, lambda: perform(Settings(), chosen))


def perform(settings: Settings, chosen: argparse.Namespace) -> None:
    """Do one step.

    Parameters
    ----------
    settings
        Of the broker.
    chosen
        Arguments ``step`` and ``id``; ``request`` (JSON) of a plan, ``by`` and ``reason`` of a decision.

    Raises
    ------
    FinkError
        When it cannot be done.
    """
    require_current_lake(settings.lake)
    if chosen.step is Step.PLAN:
        folder = steps.plan(settings, request_from_json(json.loads(chosen.request)), chosen.id)
        logger.info("plan: %s", json.dumps(folder.read("plan"), sort_keys=True))
        return
    folder, person = find(settings, chosen.id), promote.Person(chosen.by, chosen.reason, steps.utc_now())
    match chosen.step:
        case Step.CANDIDATE:
            run_candidate(folder)
        case Step.DIFF:
            write_summary(folder)
        case Step.PROMOTE:
            promote.promote(folder, person)
        case Step.DISCARD:
            promote.discard(folder, person)


def run_candidate(folder: RequestFolder, say: Say = logger.info) -> None:
    """Write the candidate tables where Spark is: on the server of Spark jobs, or in a session of this process.

    Parameters
    ----------
    folder
        A request that has a plan.
    say
        Told how it goes on.
    """
    run_on_spark(folder.settings, CANDIDATE, {"request_id": folder.request_id}, say)


def _load() -> Run:
    from fink_lib.reprocess import candidate  # noqa: F401, PLC0415 - it imports Spark

    return lambda session, settings, asked: steps.run(find(settings, asked["request_id"]), session)


def _check(settings: Settings, asked: JsonObject) -> None:
    require_current_lake(settings.lake)
    folder = find(settings, asked["request_id"])
    check_step(folder.request_id, folder.state(), State.CANDIDATE)


CANDIDATE = Kind("reprocess", _load, _check)


def write_summary(folder: RequestFolder) -> None:
    """Compare, and leave the short form for the person who decides."""
    facts = steps.diff(folder)
    replace_text(folder.root / SUMMARY, markdown(facts, str(folder.report)))
    logger.info("%s %s", facts["headline"], folder.report)
