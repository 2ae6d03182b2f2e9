"""What the questions ask of the broker, under today's names."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Any

import pyarrow as pa

from fink_lib.config import Settings
from fink_lib.enrich.triage import POSSIBLE
from fink_lib.filters.sql import for_spark
from fink_lib.filters.users import predicate
from fink_lib.host import night_watch
from fink_lib.host.overview import look
from fink_lib.kafka.reading import RawMessage, Watermarks
from fink_lib.lake.losses import Loss
from fink_lib.lake.places import Range
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.nightly.reconcile.missing_messages import read_back
from fink_lib.nightly.reconcile.offsets import Held, PartitionAccount
from fink_lib.nightly.report.highlights.collect import light_curve
from fink_lib.notices.senders import mail_server
from fink_lib.offline.run import science_table
from fink_lib.processes.endings import tell_failure
from fink_lib.reprocess.plan import check_cuts, cuts_in_force
from fink_lib.reprocess.request import Request
from fink_lib.science.framework.base import Cost, Module, Output
from fink_lib.science.framework.batch_builder import form_batch, struct_of_packets, wanted
from fink_lib.science.framework.isolation import Isolated, Limits
from fink_lib.science.framework.registry import modules_of
from fink_lib.streams.faults import carry
from fink_lib.streams.health import judge
from fink_lib.streams.heartbeat import Heartbeat, StreamState, read_heartbeat
from fink_lib.streams.listener import Recorder
from fink_lib.streams.runner import LocalRunner
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import ZTF
from fink_lib.surveys.inputs import inputs_of
from fink_lib.surveys.rules import row_rules

__all__ = [
    "Cost", "Held", "LocalRunner", "Module", "Output", "PartitionAccount", "RawMessage", "Stage", "StreamSpec",
    "Watermarks", "inputs_of", "judge", "light_curve", "look", "mail_server", "modules_of", "night_watch",
    "read_back", "read_heartbeat", "science_table", "tell_failure",
]  # fmt: skip

RANGE = Range
EVENTS = TableSpec(
    layer="gold",
    survey="",
    name="happened",
    schema=pa.schema([("what", pa.string())]),
    key=("what",),
    comment="What happened.",
    written_by="a test",
    partitioned_by=(),
)


def row_rules_of() -> list[tuple[str, str]]:
    return [(rule.name, rule.holds) for rule in row_rules(ZTF)]


def enrich_rules_of() -> list[tuple[str, str]]:
    return [(meaning, for_spark(holds, ZTF.name)) for holds, meaning in POSSIBLE]


def cuts_of() -> list[tuple[str, str]]:
    return [(cut.name, for_spark(cut.keep, ZTF.name)) for cut in ZTF.cuts]


def planned_cuts(request: Request) -> dict[str, str]:
    check_cuts(ZTF, request.cuts)
    return {cut.name: cut.keep for cut in cuts_in_force(ZTF, request, Settings())}


def predicate_sql(text: str, kinds: Mapping[str, str]) -> str:
    return predicate.parse_predicate(text, {*kinds, "prv_candidates"}, kinds).sql


def losses_once_accepted(account: PartitionAccount, lost: Range) -> Any:
    """Count what is lost and was not accepted."""
    return read_back(None, [account], lambda _: (None, None), [Loss(lost)])  # type: ignore[arg-type]  # nothing to read


def begin(spec: StreamSpec, token: str) -> Recorder:
    """Begin as the run loop of a driver does."""
    beat = Heartbeat(spec.name, spec.hash, token, 1, "here")
    carry(read_heartbeat(spec.paths.heartbeat), beat)
    mine = Recorder(beat, spec.paths.heartbeat)
    mine.state(StreamState.STARTING)
    return mine


def fail(mine: Recorder, error: Exception) -> None:
    mine.failed(error)


def end_of(module: Module, packets: Sequence[Any]) -> str:
    """Run a module as enrich does; tell why its alert has no value."""
    want, inputs = wanted([module], inputs_of(ZTF.name)), inputs_of(ZTF.name)
    form = partial(form_batch, want=want, inputs=inputs, survey=ZTF)
    limits = Limits(alert_s=0.3, load_s=60.0, search_s=60.0, memory_mb=1024)
    with closing(Isolated([module], form, Settings().cache, limits)) as isolated:
        found = isolated.run(struct_of_packets(packets, want, inputs))
    return dict(found.errors[0].as_py()).get(module.name, "it is let")
