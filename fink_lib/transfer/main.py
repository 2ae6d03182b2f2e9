"""The job of the `transfer` DAG: say what would be sent, or send it."""

import argparse
import json
from collections.abc import Sequence

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.lake.spark.session import build_session
from fink_lib.processes.endings import run_job
from fink_lib.transfer.early import refuse_early
from fink_lib.transfer.job import bind, plan, send
from fink_lib.transfer.request import TransferRequest
from fink_lib.transfer.topic import is_restricted


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the job; return an exit code, after one sentence on stderr when it fails."""
    parser = argparse.ArgumentParser(prog="jobs/on_demand/transfer.py", description=__doc__)
    parser.add_argument("--request", required=True, help="what is asked, as JSON")
    parser.add_argument("--plan", action="store_true", help="send nothing, count what would be sent")
    asked = parser.parse_args(arguments)
    return run_job("transfer", lambda: perform(Settings(), _request(asked.request), only_plan=asked.plan))


def perform(settings: Settings, request: TransferRequest, *, only_plan: bool) -> list[str]:
    """Plan or send a transfer in a Spark session of its own; return what its reader should know."""
    refuse_early(settings, request)
    session = build_session(f"transfer-{request.survey}", settings)
    try:
        bound = bind(session, settings, request)
        if only_plan:
            counts = {night: len(matches) for night, matches in plan(bound).items()}
            nights = ", ".join(f"{night}: {count}" for night, count in counts.items())
            return [f"{sum(counts.values())} alerts would be sent to {request.topic} ({nights})"]
        manifest = json.loads(send(bound).read_text(encoding="utf-8"))
    finally:
        session.stop()
    # Named as the job named it: the date in a topic's name is that of the first try.
    topic, schema_topic = manifest["topic"], manifest["schema_topic"]
    how = manifest["command"]
    if is_restricted(settings, request):
        how = f"only users with a grant may read it, finkctl cannot: fink kafka grant USER {topic} {schema_topic}"
    return [f"{manifest['rows']} alerts stand on {topic}, sealed", how]


def _request(text: str) -> TransferRequest:
    try:
        facts = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"the request is no JSON: {error}") from None
    if not isinstance(facts, dict):
        raise ConfigError("the request is no JSON object")
    return TransferRequest.from_json(facts)
