"""Each kind of fault: the streams get on, nothing is lost, nothing is sent twice, tables equal an undisturbed run.

`FINK_TEST_FAULT_COUNT` is how many, `FINK_TEST_FAULTS_S` bounds them in time, `FINK_TEST_SEED` repeats a run,
`FINK_TEST_FAULT_KINDS` names some kinds alone, `FINK_TEST_TABLE` is a file that the page is written to.
Quick kinds are tried with every run, by `test_kills`.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from fink_lib.config import Settings
from tests.kills.books import check, send, sliced, unbalanced, work_off
from tests.kills.chaos import Chaos
from tests.kills.fault_page import Row, page
from tests.kills.kind import Kind, known_kinds

pytestmark = [
    pytest.mark.spark,
    pytest.mark.kafka,
    pytest.mark.timeout(7200),
    pytest.mark.skipif(
        "FINK_TEST_FAULT_COUNT" not in os.environ,
        reason="an hour of faults: `make test-faults`, by itself on the machine",
    ),
    # Spark's Python side leaves sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
COUNT = int(os.environ.get("FINK_TEST_FAULT_COUNT", "100"))
LONGEST_S = float(os.environ.get("FINK_TEST_FAULTS_S", "3600"))
DISK = "size=400m"
ALL = known_kinds()
# some of them alone, by name; a name that is none is a KeyError, which says so
KINDS = {name: ALL[name] for name in os.environ.get("FINK_TEST_FAULT_KINDS", "").split(",") if name} or ALL


@pytest.fixture(scope="module")
def chaos_home(place: Path) -> Iterator[Path]:
    """A home on a small disk of its own, where this process may mount one."""
    disk = place / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", disk], capture_output=True, check=False)
    yield disk / "home"
    if mounted.returncode == 0:
        subprocess.run(["umount", "-l", disk], check=True)


def left_out(chaos: Chaos) -> list[str]:
    """Return the kinds that cannot be tried here."""
    has_disk = chaos.settings.home.parent.is_mount()
    return [kind.name for kind in KINDS.values() if kind.needs_disk and not has_disk]


def dealt(chaos: Chaos, count: int) -> list[Kind]:
    """Return what is done, each kind before any again, each round of them in an order of its own."""
    there = [kind for kind in KINDS.values() if kind.name not in left_out(chaos)]
    rounds = (chaos.chance.sample(there, len(there)) for _ in range(count // len(there) + 1))
    return [kind for one in rounds for kind in one][:count]


def done(chaos: Chaos, kind: Kind, number: int, folder: Path) -> Row:
    """Do what a kind does, and tell what became of it."""
    chaos.start_all()
    time.sleep(chaos.chance.uniform(0, 3))
    what = kind.act(chaos, partial(send, folder, number, chaos.settings))
    since = time.monotonic()
    chaos.start_all()
    try:
        chaos.drain()
    except AssertionError as stuck:
        return Row(kind.name, f"{what}; {stuck}", None)
    took = time.monotonic() - since
    return Row(kind.name, what, took, unbalanced(chaos.settings))


def compared(chaos: Chaos, quiet: Settings) -> str:
    """Compare with the undisturbed run, and say what was found."""
    try:
        check(chaos.settings, quiet)
    except AssertionError as differs:
        return f"**Other than the undisturbed run: {differs}**"
    return "Tables and topics equal those of the undisturbed run."


def test_the_streams_get_on_after_every_kind_of_fault(
    chaos: Chaos, spark: SparkSession, own_kafka: str, tmp_path: Path
) -> None:
    cards, slices = dealt(chaos, COUNT), sliced(tmp_path / "slices", COUNT + 1)
    send(slices[0], 0, chaos.settings)  # a fault meets a broker at work: every table is there
    chaos.drain()
    rows: list[Row] = []
    end_at = time.monotonic() + LONGEST_S
    for number, (kind, folder) in enumerate(zip(cards, slices[1:], strict=True), 1):
        if time.monotonic() > end_at or (rows and rows[-1].recovered_s is None):
            break
        rows.append(done(chaos, kind, number, folder))
        print(f"fault={number} {rows[-1]}", flush=True)  # noqa: T201 - shown as it goes
    quiet = Settings(home=tmp_path / "quiet", kafka_bootstrap=own_kafka)
    found = compared(chaos, work_off(spark, quiet, slices[: len(rows) + 1]))
    told = page(rows, KINDS, chaos.seed, found, left_out(chaos))
    print(told)  # noqa: T201
    if "FINK_TEST_TABLE" in os.environ:
        Path(os.environ["FINK_TEST_TABLE"]).write_text(told)
    assert [row for row in rows if row.outcome != "equations hold"] == []
    assert "**" not in found
