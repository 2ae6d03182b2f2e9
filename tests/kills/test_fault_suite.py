"""Each kind of fault: the streams get on, nothing is lost, nothing is sent twice, tables equal an undisturbed run.

`FINK_TEST_FAULT_COUNT` is how many (six: one of each kind that `test_kills` has not), `FINK_TEST_FAULTS_S` bounds
the long form in time, `FINK_TEST_SEED` repeats a run, `FINK_TEST_TABLE` is a file that the table is written to.
"""

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from fink_lib.config import Settings
from tests.kills.books import check, send, sliced, work_off
from tests.kills.chaos import Chaos
from tests.kills.faults import KINDS, ON_A_DISK_OF_ITS_OWN, SHORT

pytestmark = [
    pytest.mark.spark,
    pytest.mark.kafka,
    pytest.mark.timeout(7200),
    pytest.mark.skipif(
        "FINK_TEST_FAULT_COUNT" not in os.environ,
        reason="five minutes of faults: `make test-faults FAULTS=6`, by itself on the machine",
    ),
    # Spark's Python side leaves sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
COUNT = int(os.environ.get("FINK_TEST_FAULT_COUNT", len(SHORT)))
LONGEST_S = float(os.environ.get("FINK_TEST_FAULTS_S", "3600"))
DISK = "size=300m"


@dataclass(frozen=True)
class Row:
    """One fault and what became of it."""

    kind: str
    what: str
    recovered_s: float


@pytest.fixture
def chaos_home(tmp_path: Path) -> Iterator[Path]:
    """A home on a small disk of its own, where this process may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", place], capture_output=True, check=False)
    yield place / "home"
    if mounted.returncode == 0:
        subprocess.run(["umount", "-l", place], check=True)


def kinds_of(chaos: Chaos) -> list[str]:
    """Return what is done, in a random order, each kind as often as any other."""
    has_disk = chaos.settings.home.parent.is_mount()
    if not has_disk:
        print(f"left out, since no disk can be mounted here: {', '.join(ON_A_DISK_OF_ITS_OWN)}")  # noqa: T201
    known = list(SHORT if len(SHORT) >= COUNT else KINDS)
    chosen = [kind for kind in known if has_disk or kind not in ON_A_DISK_OF_ITS_OWN]
    cards = (chosen * (COUNT // len(chosen) + 1))[:COUNT]
    chaos.chance.shuffle(cards)
    return cards


def table_of(rows: Sequence[Row], seed_note: str) -> str:
    """Return the table for the documentation."""
    kinds = sorted({row.kind for row in rows})
    lines = [f"{len(rows)} faults, {seed_note}.", "", "| fault | times | lost | sent twice | tables | recovered, s |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    for kind in kinds:
        took = [row.recovered_s for row in rows if row.kind == kind]
        lines.append(f"| {kind} | {len(took)} | 0 | 0 | equal | {min(took):.0f} to {max(took):.0f} |")
    return "\n".join(lines) + "\n"


def test_the_streams_get_on_after_every_kind_of_fault(
    chaos: Chaos, spark: SparkSession, own_kafka: str, tmp_path: Path
) -> None:
    cards, slices = kinds_of(chaos), sliced(tmp_path / "slices", COUNT + 1)
    send(slices[0], 0, chaos.settings)  # a fault meets a broker at work: every table is there
    chaos.drain()
    rows: list[Row] = []
    end_at = time.monotonic() + LONGEST_S
    for number, (card, folder) in enumerate(zip(cards, slices[1:], strict=True), 1):
        if time.monotonic() > end_at:
            break
        chaos.start_all()
        what = KINDS[card](chaos, partial(send, folder, number, chaos.settings))
        since = time.monotonic()
        chaos.start_all()
        chaos.drain()
        rows.append(Row(card, what, time.monotonic() - since))
        print(f"fault={card!r} what={what!r} recovered_s={rows[-1].recovered_s:.1f}")  # noqa: T201 - shown as it goes
    quiet = Settings(home=tmp_path / "quiet", kafka_bootstrap=own_kafka)
    check(chaos.settings, work_off(spark, quiet, slices[: len(rows) + 1]))
    told = table_of(rows, f"`FINK_TEST_SEED={chaos.seed}`")
    print(told)  # noqa: T201
    if "FINK_TEST_TABLE" in os.environ:
        Path(os.environ["FINK_TEST_TABLE"]).write_text(told)
