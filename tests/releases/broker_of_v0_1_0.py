"""What the questions ask of the broker, under the names of v0.1.0, whose code alone can import this."""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pyspark.sql.types as T
from fink_lib.cli.host.overview import look
from fink_lib.job_run import tell_failure
from fink_lib.lake.table import TableSpec
from fink_lib.nightly.best.collect import light_curve
from fink_lib.nightly.lost import read_back
from fink_lib.nightly.notify import mail_server as server_of
from fink_lib.nightly.offsets import Gap, Held, PartitionAccount
from fink_lib.nightly.watermarks import RawMessage, Watermarks
from fink_lib.science.base import Cost, Module, Output
from fink_lib.science.inputs import inputs_of
from fink_lib.science.registry import modules_of
from fink_lib.science.runner import run
from fink_lib.streaming.health import judge
from fink_lib.streaming.heartbeat import Heartbeat, StreamState, read_heartbeat
from fink_lib.streaming.listener import Recorder
from fink_lib.streaming.runner import LocalRunner
from fink_lib.streaming.sentence import sentence_of
from fink_lib.streaming.spec import Stage, StreamSpec
from fink_lib.user_filters import predicate

from fink_lib.cli import night_watch
from fink_lib.config import Settings
from fink_lib.enrich.triage import POSSIBLE
from fink_lib.lake.rules import row_rules
from fink_lib.offline.run import batches_of, science_table
from fink_lib.reprocess.plan import cuts_in_force
from fink_lib.reprocess.request import Request
from fink_lib.surveys import ZTF

__all__ = [
    "Cost", "Held", "LocalRunner", "Module", "Output", "PartitionAccount", "RawMessage", "Stage", "StreamSpec",
    "Watermarks", "inputs_of", "judge", "light_curve", "look", "modules_of", "night_watch",
    "read_back", "read_heartbeat", "science_table", "tell_failure",
]  # fmt: skip

RANGE = Gap
EVENTS = TableSpec(
    "gold", "", "happened", T.StructType([T.StructField("what", T.StringType())]), ("what",), "What happened.", ()
)
WAIT_S = 1.5


def row_rules_of() -> list[tuple[str, str]]:
    return [(rule.name, rule.holds) for rule in row_rules(ZTF)]


def enrich_rules_of() -> list[tuple[str, str]]:
    return [(meaning, holds) for holds, meaning in POSSIBLE]


def cuts_of() -> list[tuple[str, str]]:
    return [(cut.name, cut.keep) for cut in ZTF.cuts]


def planned_cuts(request: Request) -> dict[str, str]:
    return {cut.name: cut.keep for cut in cuts_in_force(ZTF, request, keep_i_band=True)}


def mail_server(address: str) -> Any:
    return server_of(Settings(report_smtp=address))


def predicate_sql(text: str, kinds: Mapping[str, str]) -> str:
    return predicate.parse_predicate(text, {*kinds, "prv_candidates"}).sql


def losses_once_accepted(account: PartitionAccount, _lost: Gap) -> Any:
    """Count what is lost; no person can accept it."""
    return read_back(None, [account], lambda _: (None, None))  # type: ignore[arg-type]  # Kafka holds nothing to read


def begin(spec: StreamSpec, token: str) -> Recorder:
    """Begin as the run loop of a driver does."""
    mine = Recorder(Heartbeat(spec.name, spec.hash, token, 1, "here"), spec.paths.heartbeat)
    mine.state(StreamState.STARTING)
    return mine


def fail(mine: Recorder, error: Exception) -> None:
    mine.state(StreamState.FAILED, sentence_of(error))


def end_of(module: Module, packets: Sequence[Any]) -> str:
    """Run a module as enrich does, in its own process, of which a copy is at stake here; tell how that ended."""
    (batch,) = batches_of(packets, [module], ZTF)
    if not (child := os.fork()):
        outcome = run([module], batch, Settings().cache)
        os._exit(0 if outcome.columns[module.name].null_count < len(batch) else 1)
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return f"the process of all modules ended: {signal.Signals(-code).name}" if code < 0 else "it is let"
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "still busy"
