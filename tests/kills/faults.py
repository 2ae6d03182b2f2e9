"""Kinds of fault, each with how it is brought about; the streams are started again after it, as Airflow would."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from fink_lib.host.services import KAFKA
from fink_lib.lake.log import LOG
from fink_lib.streams.faults import forgive
from fink_lib.streams.heartbeat import StreamState, read_heartbeat
from fink_lib.streams.loop import ExitCode
from fink_lib.streams.runner import job_environment
from fink_lib.streams.spec import Stage
from tests.kills.chaos import Chaos
from tests.kills.fault_points import CLOCK, POINTS

HUNG_S = float(os.environ.get("FINK_TEST_KAFKA_S", "5"))
FULL_S = 90.0  # until a stream has met the full disk
SPARE_BYTES = 64 * 1024
HOUR_S = 3600
Send = Callable[[], None]
Act = Callable[[Chaos, Send], str]


def driver_killed(chaos: Chaos, send: Send) -> str:
    """Kill a driver some seconds after alerts came."""
    stage = chaos.chance.choice(list(Stage))
    send()
    chaos.kill_driver(stage)
    return str(stage)


def worker_killed(chaos: Chaos, send: Send) -> str:
    """Kill a Python worker of a driver."""
    stage = chaos.chance.choice(list(Stage))
    send()
    chaos.kill_worker(stage)
    return chaos.told[-1]


def killed_between_commits(chaos: Chaos, send: Send) -> str:
    """Have a driver die between two commits of a batch."""
    point = chaos.chance.choice([*POINTS])
    stage = chaos.arm(point)
    send()
    chaos.start_all()
    chaos.await_fault(point, stage)
    return chaos.told[-1]


def kafka_killed(chaos: Chaos, send: Send) -> str:
    """Kill the broker and start it again."""
    send()
    chaos.kill_kafka()
    return "started again with what it has on disk"


def kafka_hangs(chaos: Chaos, send: Send) -> str:
    """Stop the broker's process for a while: connections stay open, and nothing is answered."""
    service = chaos.kafka.services.get(KAFKA)
    assert service is not None
    send()
    os.kill(service.pid, signal.SIGSTOP)
    time.sleep(HUNG_S)
    os.kill(service.pid, signal.SIGCONT)
    return f"for {HUNG_S:.0f} s"


def checkpoint_lost(chaos: Chaos, send: Send) -> str:
    """Delete the checkpoint of a stream."""
    chaos.lose_checkpoint(chaos.chance.choice(list(Stage)), restore=False)
    send()
    return chaos.told[-1]


def checkpoint_old(chaos: Chaos, send: Send) -> str:
    """Put an older copy in the place of a checkpoint."""
    stage = chaos.chance.choice(list(Stage))
    chaos.copy_checkpoint(stage)
    chaos.start_all()
    send()
    chaos.drain()
    chaos.lose_checkpoint(stage, restore=True)
    return chaos.told[-1]


def second_driver(chaos: Chaos, send: Send) -> str:
    """Start another driver of a stream that has one; it must refuse, and the first one must go on."""
    stage = chaos.chance.choice(list(Stage))
    first = chaos.handle(stage)
    assert first is not None
    send()
    ended = subprocess.run(
        chaos.spec(stage).command,
        env=job_environment(chaos.settings, "second"),
        cwd=chaos.settings.home,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == ExitCode.LEASE_HELD, ended.stdout
    assert chaos.handle(stage) == first
    return f"{stage}: refused"


def file_half_written(chaos: Chaos, send: Send) -> str:
    """Leave what a writer leaves that dies before its commit: half a data file, which no commit names."""
    table = _table(chaos)
    night = next((path.parent for path in table.rglob("*.parquet") if LOG not in path.parts), table)
    (night / f"part-{chaos.chance.randrange(10**9)}.parquet").write_bytes(b"PAR1" + bytes(1000))
    send()
    return table.name


def commit_half_written(chaos: Chaos, send: Send) -> str:
    """Leave what a writer leaves that dies in its commit: half of one, under a name that is none yet."""
    table, number = _table(chaos), chaos.chance.randrange(10**9)
    (table / LOG / f"_commit_{number}.json.tmp").write_text('{"add":{"path":"no')
    (table / LOG / f".{len(list((table / LOG).glob('*.json'))):020d}.json.{number}.tmp").write_text('{"commitIn')
    send()
    return table.name


def clock_moved(chaos: Chaos, send: Send) -> str:
    """Let a driver run an hour ahead of the others, then set it right."""
    stage = chaos.chance.choice(list(Stage))
    chaos.end(stage)
    os.environ[CLOCK] = str(HOUR_S)
    try:
        chaos.runner.submit(chaos.spec(stage))
    finally:
        del os.environ[CLOCK]
    send()
    time.sleep(chaos.chance.uniform(5, 10))
    chaos.end(stage)
    return f"{stage}: an hour ahead"


def disk_full(chaos: Chaos, send: Send) -> str:
    """Fill the disk, wait until a stream ends by it, make room."""
    ballast = chaos.settings.home / "ballast"
    with ballast.open("wb") as file:
        free = os.statvfs(chaos.settings.home)
        file.write(bytes(max(0, free.f_bavail * free.f_frsize - SPARE_BYTES)))
    send()
    deadline = time.monotonic() + FULL_S
    while not (fallen := _fallen(chaos)) and time.monotonic() < deadline:
        time.sleep(0.5)
    ballast.unlink()
    for stage in Stage:
        forgive(chaos.spec(stage))
    return f"{', '.join(fallen) or 'no stream'} ended"


def _fallen(chaos: Chaos) -> list[str]:
    beats = {stage: read_heartbeat(chaos.spec(stage).paths.heartbeat) for stage in Stage}
    return [
        str(stage)
        for stage, beat in beats.items()
        if chaos.handle(stage) is None or (beat is not None and beat.state is StreamState.FAILED)
    ]


def _table(chaos: Chaos) -> Path:
    return chaos.chance.choice(sorted(path.parent for path in chaos.settings.lake.glob("*/_delta_log")))


KINDS: Mapping[str, Act] = {
    "driver killed": driver_killed,
    "Python worker killed": worker_killed,
    "killed between two commits": killed_between_commits,
    "Kafka killed": kafka_killed,
    "Kafka hangs": kafka_hangs,
    "checkpoint deleted": checkpoint_lost,
    "older checkpoint restored": checkpoint_old,
    "two drivers for one stream": second_driver,
    "half-written data file": file_half_written,
    "half-written commit": commit_half_written,
    "clock an hour ahead": clock_moved,
    "disk full": disk_full,
}
# What `test_kills` does not do already
SHORT = (
    "two drivers for one stream", "half-written data file", "half-written commit", "Kafka hangs", "clock an hour ahead",
    "disk full",
)  # fmt: skip
ON_A_DISK_OF_ITS_OWN = {"disk full"}
