"""A home whose three streams run as drivers of their own, and whatever can be killed about them."""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from fink_lib.config import Settings
from fink_lib.host.kafka import LocalKafka
from fink_lib.host.services import KAFKA
from fink_lib.streams.drain import survey_not_drained
from fink_lib.streams.heartbeat import StreamState, read_heartbeat
from fink_lib.streams.lease import Handle
from fink_lib.streams.runner import LocalRunner
from fink_lib.streams.spec import Stage, StreamSpec
from tests.kills.fault_points import POINTS, VARIABLE

PATIENCE_S = 600.0
FAULT_S = 300.0  # until a driver meets its fault point; it may find nothing left to do
LOOK_S = 2.0  # how often the other drivers are looked at meanwhile
WORKER_S = 40.0  # until the driver that was drawn has a Python worker; then as long for one of any driver
COMMITTED_S = 120.0  # until any stream has ended a batch
DELETED, RESTORED = "deleted", "restored from an older copy"
NO_WORKER = "found no worker to kill"


@dataclass
class Chaos:
    """Kills and starts.

    Attributes
    ----------
    settings, kafka
        The home, and the broker of its own.
    chance
        Decides what dies, and when.
    told
        What was done, in words.
    copies
        Older copies of checkpoints.
    seed
        Of the chance: it repeats a run.
    """

    settings: Settings
    kafka: LocalKafka
    chance: random.Random
    told: list[str] = field(default_factory=list)
    copies: dict[Stage, Path] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        self.runner = LocalRunner(self.settings)

    def spec(self, stage: Stage) -> StreamSpec:
        return StreamSpec("ztf", stage, self.settings)

    def start_all(self, but: Stage | None = None) -> None:
        """Start what does not run, as Airflow would."""
        for stage in Stage:
            if stage != but:
                self.runner.submit(self.spec(stage))

    def handle(self, stage: Stage) -> Handle | None:
        return self.runner.find(self.spec(stage))

    def end(self, stage: Stage) -> None:
        """Kill a driver as the out-of-memory killer would, and wait until nothing of it is left."""
        found = self.handle(stage)
        if found is not None:
            os.kill(found.pid, signal.SIGKILL)
        self.await_end(stage)

    def await_end(self, stage: Stage, patience_s: float = PATIENCE_S) -> bool:
        deadline = time.monotonic() + patience_s
        while self.handle(stage) is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        self.runner.kill(self.spec(stage))  # the JVM ends by itself a moment after its driver
        return True

    def kill_driver(self, stage: Stage) -> None:
        time.sleep(self.chance.uniform(0, 6))
        self.end(stage)
        self.told.append(f"killed {stage}")

    def kill_worker(self, stage: Stage) -> None:
        """Kill a Python worker of a driver, once it has one; of whichever driver, if this one gets none in time."""
        patient_until = time.monotonic() + WORKER_S
        deadline = patient_until + WORKER_S
        workers: list[tuple[Stage, psutil.Process]] = []
        while not workers and time.monotonic() < deadline:
            asked = [stage] if time.monotonic() < patient_until else list(Stage)
            workers = [(one, worker) for one in asked for worker in self._workers(one)]
            time.sleep(0.05)
        for owner, worker in self.chance.sample(workers, min(1, len(workers))):
            with_luck_kill(worker)
            self.told.append(f"killed a worker of {owner}")
        if not workers:
            self.told.append(f"{NO_WORKER} of {stage}")

    def _workers(self, stage: Stage) -> list[psutil.Process]:
        found = self.handle(stage)
        return list(_workers(found.pid)) if found is not None else []

    def kill_kafka(self) -> None:
        """Kill the broker, and start it again with what it has on disk."""
        service = self.kafka.services.get(KAFKA)
        assert service is not None
        os.kill(service.pid, signal.SIGKILL)
        time.sleep(self.chance.uniform(0, 4))
        self.kafka.start()
        self.told.append("killed Kafka")

    def restart(self, stage: Stage, told: Mapping[str, str]) -> None:
        """Start the driver of a stage anew, with words of its environment that the next one will not have."""
        self.end(stage)
        os.environ.update(told)
        try:
            self.runner.submit(self.spec(stage))
        finally:
            for name in told:
                del os.environ[name]

    def arm(self, point: str) -> Stage:
        """Have the driver of a stage die at a fault point."""
        stage = Stage(POINTS[point].stage)
        self.restart(stage, {VARIABLE: point})
        return stage

    def await_fault(self, point: str, stage: Stage) -> bool:
        """Wait until an armed driver has died; one that meets nothing to do is killed.

        The others are started again meanwhile: what one of them ended with may be what the armed one waits for.
        """
        deadline = time.monotonic() + FAULT_S
        while not (fell := self.await_end(stage, LOOK_S)) and time.monotonic() < deadline:
            self.start_all(but=stage)
        if not fell:
            self.end(stage)
        self.told.append(f"{stage} fell: {point}" if fell else f"{stage} killed before: {point}")
        return fell

    def fallen(self) -> list[Stage]:
        """Return the streams whose drivers are gone, or have said that they failed."""
        beats = {stage: read_heartbeat(self.spec(stage).paths.heartbeat) for stage in Stage}
        return [
            stage
            for stage, beat in beats.items()
            if self.handle(stage) is None or (beat is not None and beat.state is StreamState.FAILED)
        ]

    def committed(self) -> list[Stage]:
        """Return the streams that have ended a batch since their checkpoints were new, once there is one."""
        awaited(self._committed, COMMITTED_S)
        return self._committed()

    def _committed(self) -> list[Stage]:
        return [stage for stage in Stage if any((self.spec(stage).checkpoint / "commits").glob("[0-9]*"))]

    def copy_checkpoint(self, stage: Stage) -> None:
        """Keep the checkpoint of a stream, and end its driver."""
        self.end(stage)
        checkpoint = self.spec(stage).checkpoint
        if checkpoint.is_dir():
            self.copies[stage] = self.settings.home / f"copy-{stage}-{len(self.told)}"
            shutil.copytree(checkpoint, self.copies[stage])

    def lose_checkpoint(self, stage: Stage, *, restore: bool) -> None:
        """Delete a checkpoint, and put an older copy in its place if that is asked for."""
        self.end(stage)
        checkpoint = self.spec(stage).checkpoint
        shutil.rmtree(checkpoint, ignore_errors=True)
        if restore:
            shutil.copytree(self.copies[stage], checkpoint)
        self.told.append(f"checkpoint of {stage} {RESTORED if restore else DELETED}")

    def drain(self) -> None:
        """Wait until everything has passed all streams; a driver that fails is started again.

        What a stream said before is no word on what was sent since.
        """
        since, deadline = time.time(), time.monotonic() + PATIENCE_S
        while why := survey_not_drained(self.settings, "ztf") or self._silent(since):
            assert time.monotonic() < deadline, f"{why}; {'; '.join(self.told)}"
            self.start_all()
            time.sleep(0.5)

    def _silent(self, since: float) -> str:
        beats = {stage: read_heartbeat(self.spec(stage).paths.heartbeat) for stage in Stage}
        return ", ".join(
            f"{stage} has not looked since" for stage, beat in beats.items() if not beat or beat.event_at < since
        )


def awaited(look: Callable[[], object], patience_s: float) -> bool:
    """Wait until something is so, and tell whether it came to that."""
    deadline = time.monotonic() + patience_s
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return bool(found)


@contextmanager
def running(chaos: Chaos) -> Iterator[Chaos]:
    """Run the streams for as long as the block lasts."""
    try:
        chaos.start_all()
        yield chaos
    finally:
        for stage in Stage:
            chaos.runner.kill(chaos.spec(stage))


def _workers(driver: int) -> Iterator[psutil.Process]:
    """Yield the Python workers of a driver: what its JVM's Python daemon has forked."""
    try:
        children = psutil.Process(driver).children(recursive=True)
    except psutil.NoSuchProcess:
        return
    for child in children:
        try:
            parent = child.parent()
            if parent is not None and "python" in child.name() and "python" in parent.name() and parent.pid != driver:
                yield child
        except psutil.NoSuchProcess:
            continue


def with_luck_kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return
