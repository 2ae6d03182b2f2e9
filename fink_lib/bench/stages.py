"""Run the real drivers and read off what they did."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

from fink_lib.bench.environment import BenchEnvironment
from fink_lib.bench.report import Batch, rate, rate_steady, scaled
from fink_lib.errors import StreamFailed, StreamStalled
from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.tables.spec import full_name
from fink_lib.streams.heartbeat import StreamState, read_heartbeat
from fink_lib.streams.runners import runner_of
from fink_lib.streams.spec import Stage, StreamSpec

_POLL_S = 0.2
_STAMP = r"^(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) "
_STARTED = re.compile(_STAMP + r".*query started stream=")
_BATCH = re.compile(_STAMP + r".* batch stream=\S+ batch_id=\d+ rows=(?P<rows>\d+) batch_s=(?P<seconds>[\d.]+)")
_TAIL_LINES = 3
FEW_ROWS = 3  # alerts whose own work is nothing beside that of a batch


@dataclass(frozen=True)
class StageRun:
    """What one driver did.

    Attributes
    ----------
    began_s
        Unix time at which its query started.
    batches
        Its micro-batches with rows, in order.
    """

    began_s: float
    batches: list[Batch]

    def of(self, total: int) -> "StageRun":
        """Return the run with rows that add up to `total`."""
        return StageRun(self.began_s, scaled(self.batches, total))

    @property
    def progress(self) -> str:
        """Alerts per second of each batch, for someone who wants to see a JVM get warm."""
        return " ".join(f"{rate(batch.rows, batch.seconds):.0f}" for batch in self.batches)

    @property
    def small_batch_s(self) -> float | None:
        """Median seconds of the batches of a few alerts, which is what a batch costs by itself; None without any."""
        seconds = [batch.seconds for batch in self.batches if batch.rows <= FEW_ROWS]
        return round(median(seconds), 2) if seconds else None

    @property
    def figures(self) -> dict[str, float]:
        """Steady and total rate in alerts per second, and the seconds of the first batch."""
        if not self.batches:
            return {"rate_steady": 0.0, "rate_total": 0.0, "first_batch_s": 0.0}
        rows = sum(batch.rows for batch in self.batches)
        return {
            "rate_steady": rate_steady(self.batches),
            "rate_total": rate(rows, self.batches[-1].ended_s - self.began_s),
            "first_batch_s": round(self.batches[0].seconds, 1),
        }


def chain_figures(first: StageRun, last: StageRun) -> dict[str, float]:
    """Return the rates of a whole chain from its first and its last stage.

    Steady is counted from the end of the first stage's first batch, when every driver has started, to the end of
    the last stage's last batch: all the work of all stages on all alerts but those of that first batch.

    Parameters
    ----------
    first, last
        Runs of the first and the last stage, on the same alerts.

    Returns
    -------
    ``rate_steady`` and ``rate_total``, alerts a second; 0 where a stage did nothing.
    """
    if not first.batches or not last.batches:
        return {"rate_steady": 0.0, "rate_total": 0.0}
    rows, end_s = sum(batch.rows for batch in first.batches), last.batches[-1].ended_s
    opening = first.batches[0]
    return {
        "rate_steady": rate(rows - opening.rows, end_s - opening.ended_s),
        "rate_total": rate(rows, end_s - first.began_s),
    }


@contextmanager
def running(bed: BenchEnvironment, stages: Sequence[Stage]) -> Iterator[list[StreamSpec]]:
    """Run drivers for as long as the block lasts, then stop them gracefully.

    Parameters
    ----------
    bed
        What they run in; their memory is watched.
    stages
        Which drivers, started in this order and stopped in the reverse one.
    """
    runner = runner_of(bed.settings)
    specs = [StreamSpec(bed.survey.name, stage, bed.settings) for stage in stages]
    with ExitStack() as always:
        for spec in specs:
            always.callback(runner.stop, spec, bed.settings.stop_timeout_s)
            bed.memory.add(spec.name, runner.submit(spec).pid)
        yield specs


def wait_for(bed: BenchEnvironment, specs: Sequence[StreamSpec], done: Callable[[], bool], deadline_s: float) -> None:
    """Wait until something is done.

    Parameters
    ----------
    deadline_s
        Moment of the monotonic clock.

    Raises
    ------
    StreamFailed
        When a driver ends meanwhile.
    StreamStalled
        When it is not done in time.
    """
    runner = runner_of(bed.settings)
    while not done():
        for spec in specs:
            beat = read_heartbeat(spec.paths.heartbeat)
            failed = beat is not None and beat.state is StreamState.FAILED
            if failed or runner.find(spec) is None:
                raise StreamFailed(f"driver of '{spec.name}' ended: {_last_words(spec.paths.log)}")
        if time.monotonic() > deadline_s:
            names = ", ".join(spec.name for spec in specs)
            raise StreamStalled(f"{names}: not done in time; see --timeout-s")
        time.sleep(_POLL_S)


def rows_of(bed: BenchEnvironment, *tables: str) -> int:
    """Return the rows that tables of the survey hold, from their logs alone; a missing table holds none."""
    total = 0
    for name in tables:
        layer, short = name.split(".")
        path = bed.settings.lake / full_name(layer, bed.survey.name, short)
        if (path / "_delta_log").is_dir() and is_delta_table(path):
            counts = delta_table(path).get_add_actions(flatten=True).column("num_records").to_pylist()
            total += sum(count or 0 for count in counts)
    return total


def has_ingested(bed: BenchEnvironment, total: int) -> bool:
    """Tell whether every message offered is in bronze or quarantine.

    Parameters
    ----------
    bed
        Its lake is looked at.
    total
        Messages that were offered.
    """
    return rows_of(bed, "bronze.alerts", "bronze.quarantine") >= total


def has_enriched(bed: BenchEnvironment, total: int) -> bool:
    """Tell whether every alert is in silver or rejected.

    Parameters
    ----------
    bed
        Its lake is looked at.
    total
        Alerts in bronze.
    """
    return rows_of(bed, "silver.alerts", "silver.rejected") >= total


def has_distributed(spec: StreamSpec, since_s: float) -> bool:
    """Tell whether distribute has said, after a moment of Unix time, that nothing waits.

    Parameters
    ----------
    spec
        The stream of distribute.
    since_s
        Unix time; what it said before does not count.
    """
    beat = read_heartbeat(spec.paths.heartbeat)
    return beat is not None and beat.rows_total > 0 and beat.lag == 0 and beat.event_at > since_s


def read_run(log: Path) -> StageRun:
    """Read a driver's log."""
    began_s, batches = 0.0, []
    for line in log.read_text(errors="replace").splitlines():
        if match := _BATCH.match(line):
            batches.append(Batch(int(match["rows"]), float(match["seconds"]), _unix_s(match["at"])))
        elif match := _STARTED.match(line):
            began_s = _unix_s(match["at"])
    return StageRun(began_s, batches)


def _unix_s(stamp: str) -> float:
    return datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S,%f").astimezone().timestamp()


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    telling = [line for line in lines if "ERROR" in line or "Error" in line or "Exception" in line]
    return " / ".join((telling or lines)[-_TAIL_LINES:]) or "it said nothing"
