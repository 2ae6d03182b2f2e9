"""The job of the `transfer` DAG: say what would be sent, or send it."""

import argparse
import json
import logging
from collections.abc import Sequence

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.files import JsonObject
from fink_lib.job_server.door import Say, run_on_spark
from fink_lib.job_server.kinds import Kind, Run
from fink_lib.lake.formats import require_current_lake
from fink_lib.processes.endings import run_job
from fink_lib.transfer.request import TransferRequest

logger = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the job; return an exit code, after one sentence on stderr when it fails."""
    parser = argparse.ArgumentParser(prog="jobs/on_demand/transfer.py", description=__doc__)
    parser.add_argument("--request", required=True, help="what is asked, as JSON")
    parser.add_argument("--plan", action="store_true", help="send nothing, count what would be sent")
    asked = parser.parse_args(arguments)
    return run_job("transfer", lambda: perform(Settings(), _request(asked.request), only_plan=asked.plan))


def perform(settings: Settings, request: TransferRequest, *, only_plan: bool, say: Say = logger.info) -> list[str]:
    """Plan or send a transfer where Spark is; return what its reader should know.

    Parameters
    ----------
    settings
        Of the broker.
    request
        What is asked.
    only_plan
        True sends nothing, and tells what would be sent.
    say
        Told how it goes on.
    """
    lines: list[str] = answered(settings, request, only_plan=only_plan, say=say)["lines"]
    return lines


def answered(settings: Settings, request: TransferRequest, *, only_plan: bool, say: Say = logger.info) -> JsonObject:
    """Plan or send a transfer where Spark is; return ``lines`` for its reader, with topic and alerts of each night.

    Parameters
    ----------
    settings
        Of the broker.
    request
        What is asked.
    only_plan
        True sends nothing, and tells what would be sent.
    say
        Told how it goes on.
    """
    return run_on_spark(settings, TRANSFER, {"transfer": request.as_json(), "only_plan": only_plan}, say)


def _load() -> Run:
    from fink_lib.transfer.job import run  # noqa: PLC0415 - it imports Spark

    return run


def _check(settings: Settings, asked: JsonObject) -> None:
    from fink_lib.transfer.early import refuse_early  # noqa: PLC0415 - it reads tables

    require_current_lake(settings.lake)
    refuse_early(settings, TransferRequest.from_json(asked["transfer"]))


TRANSFER = Kind("transfer", _load, _check)


def _request(text: str) -> TransferRequest:
    try:
        facts = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"the request is no JSON: {error}") from None
    if not isinstance(facts, dict):
        raise ConfigError("the request is no JSON object")
    return TransferRequest.from_json(facts)
