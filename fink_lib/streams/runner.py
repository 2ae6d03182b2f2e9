"""Runners: who starts a driver, finds it again, and ends it.

One interface, `Runner`; which one there is says `fink_lib.streams.runners`. The driver runs on this host, as a process
of its own; with a ``spark://``, ``yarn`` or ``k8s://`` master its executors run there.
"""

import json
import logging
import os
import signal
import socket
import subprocess
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from fink_lib.config import Settings
from fink_lib.errors import LeaseHeld, StreamBroken, StreamFailed
from fink_lib.locks import locked
from fink_lib.processes.faults import Fault, fault_in
from fink_lib.processes.identity import TOKEN_VARIABLE, end_processes_of
from fink_lib.streams.faults import carry, note
from fink_lib.streams.heartbeat import Heartbeat, read_heartbeat
from fink_lib.streams.lease import Handle, read_lease
from fink_lib.streams.spec import StreamSpec
from fink_lib.streams.stop import ask_to_stop

logger = logging.getLogger(__name__)

POLL_S = 0.1
LEASE_TIMEOUT_S = 120.0  # a driver takes its lease before Spark starts; importing pyspark on a busy host is slow
TERM_TIMEOUT_S = 10.0
KILL_TIMEOUT_S = 15.0
EXIT_LEASE_HELD = 3
# Variables of surveys have names of their own; the password of Airflow's database is for Airflow alone.
_PASSED_OTHERWISE = frozenset({"of_surveys", "airflow_db"})
LOG_BYTES = 20_000_000
LOG_TAIL_LINES = 5


class Runner(Protocol):
    """What supervision needs of a place where drivers run. The stream's name is the identity."""

    def find(self, spec: StreamSpec) -> Handle | None:
        """Return the driver that runs the stream now, None when none does."""

    def submit(self, spec: StreamSpec) -> Handle:
        """Start a driver, or return the one that already runs."""

    def stop(self, spec: StreamSpec, timeout_s: float) -> None:
        """Ask the driver to finish its micro-batch and end; make it end when it does not.

        Parameters
        ----------
        spec
            The stream.
        timeout_s
            Seconds that its driver has for the micro-batch.
        """

    def kill(self, spec: StreamSpec) -> None:
        """End the driver at once, with every process of it."""


def settings_environment(settings: Settings) -> dict[str, str]:
    """Return this process's environment with ``FINK_*`` variables that rebuild these settings, but for `airflow_db`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("FINK_")}
    fields = type(settings).model_fields
    facts = settings.model_dump(mode="json")
    for survey, of_survey in settings.of_surveys.items():
        kept |= of_survey.as_environment(survey)
    for name, field in fields.items():
        if name not in _PASSED_OTHERWISE and getattr(settings, name) != field.get_default(call_default_factory=True):
            value = facts[name]
            kept[f"FINK_{name.upper()}"] = value if isinstance(value, str) else json.dumps(value)
    return kept


def job_environment(settings: Settings, token: str) -> dict[str, str]:
    """Return the environment of a driver or job: the settings and its token, nothing of Airflow and its secrets.

    Parameters
    ----------
    settings
        What the process runs with; those that differ from their defaults become ``FINK_*`` variables.
    token
        Marks the process and all that it starts: `end_processes_of` finds them by it.
    """
    environment = settings_environment(settings)
    kept = {key: value for key, value in environment.items() if key.startswith("FINK_") or "AIRFLOW" not in key}
    return {**kept, TOKEN_VARIABLE: token, "PYTHONUNBUFFERED": "1"}


class LocalRunner:
    """Drivers as detached processes of this host: they outlive whoever started them.

    Parameters
    ----------
    settings
        What every driver runs with.
    """

    # Popen objects of drivers started here, kept so that an ended one is reaped and does not stay a zombie.
    _children: list["subprocess.Popen[bytes]"] = []  # noqa: RUF012  # one list for the process, on purpose

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def find(self, spec: StreamSpec) -> Handle | None:
        """Return the living holder of the stream's lease, None when there is none."""
        self._reap()
        handle = read_lease(spec.paths.lease)
        return handle if handle is not None and handle.is_alive else None

    def submit(self, spec: StreamSpec) -> Handle:
        """Start a driver and wait until it holds the lease; return the running one where there is one.

        Raises
        ------
        StreamFailed
            When the driver ends before it holds the lease; `StreamBroken` when there is no driver.
        LeaseHeld
            When a driver on another host holds it.
        """
        with locked(spec.paths.root / "submit.lock"):
            running = self.find(spec)
            if running is not None:
                if not running.is_local:
                    raise LeaseHeld(f"stream '{spec.name}' runs on {running.host}: stop it there")
                return running
            spec.paths.stop_marker.unlink(missing_ok=True)
            token = uuid.uuid4().hex
            _rotate(spec.paths.log)
            said_before = spec.paths.log.stat().st_size if spec.paths.log.exists() else 0
            child = self._start(spec, token)
            return self._await_lease(spec, token, child, said_before)

    def stop(self, spec: StreamSpec, timeout_s: float) -> None:
        """Leave the stop marker and wait; then SIGTERM; then SIGKILL.

        Parameters
        ----------
        spec
            The stream; where it has no living driver, nothing is done.
        timeout_s
            Seconds that the driver has to obey the marker; after SIGTERM it has 10 more.

        Raises
        ------
        LeaseHeld
            When the driver runs on another host and does not obey: no signal reaches it from here.
        """
        handle = self.find(spec)
        if handle is None:
            return
        ask_to_stop(spec.paths.stop_marker)
        if not self._await_end(spec, handle, timeout_s):
            if not handle.is_local:
                raise LeaseHeld(f"stream '{spec.name}' does not stop on {handle.host}: end process {handle.pid} there")
            logger.warning("driver ignores the stop marker stream=%s pid=%d", spec.name, handle.pid)
            with suppress(ProcessLookupError):
                os.kill(handle.pid, signal.SIGTERM)
            self._await_end(spec, handle, TERM_TIMEOUT_S)
        if handle.is_local:
            end_processes_of(handle.token, KILL_TIMEOUT_S)
        spec.paths.stop_marker.unlink(missing_ok=True)

    def kill(self, spec: StreamSpec) -> None:
        """End every process that carries the token of the driver: Python, JVM, workers."""
        handle = read_lease(spec.paths.lease)
        if handle is not None and handle.is_local:
            end_processes_of(handle.token, KILL_TIMEOUT_S)
            self._reap()

    def command(self, spec: StreamSpec) -> list[str]:
        """Return the command line that its driver is started by."""
        return spec.command

    def _start(self, spec: StreamSpec, token: str) -> "subprocess.Popen[bytes]":
        if not spec.job.is_file():
            words = f"there is no driver at {spec.job}: check FINK_PROJECT"
            _note_stillborn(spec, token, os.getpid(), words, Fault.LASTING)
            raise StreamBroken(f"stream '{spec.name}' cannot go on: {words}")
        with spec.paths.log.open("ab") as log:
            child = subprocess.Popen(
                self.command(spec),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=job_environment(self.settings, token),
                cwd=spec.paths.root,
                start_new_session=True,
            )
        self._children.append(child)
        logger.info("driver submitted stream=%s pid=%d spec_hash=%s", spec.name, child.pid, spec.hash)
        return child

    def _await_lease(self, spec: StreamSpec, token: str, child: "subprocess.Popen[bytes]", said_before: int) -> Handle:
        deadline = time.monotonic() + LEASE_TIMEOUT_S
        while time.monotonic() < deadline:
            handle = read_lease(spec.paths.lease)
            if handle is not None and handle.token == token:
                return handle
            if child.poll() is not None:
                other = self.find(spec) if child.returncode == EXIT_LEASE_HELD else None
                if other is not None:
                    return other
                said = _tail(spec.paths.log, said_before)
                words = f"the driver ended with code {child.returncode} before it began: {said}"
                _note_stillborn(spec, token, child.pid, words, fault_in(words))
                raise StreamFailed(f"stream '{spec.name}' failed: {words}")
            time.sleep(POLL_S)
        end_processes_of(token, KILL_TIMEOUT_S)
        raise StreamFailed(f"driver of stream '{spec.name}' took no lease in {LEASE_TIMEOUT_S:.0f} s: it was ended")

    def _await_end(self, spec: StreamSpec, handle: Handle, timeout_s: float) -> bool:
        """Wait until the process is gone; on another host, until it has given its lease back."""
        deadline = time.monotonic() + timeout_s
        while True:
            lease = read_lease(spec.paths.lease)
            gone = not handle.is_alive if handle.is_local else lease is None or lease.token != handle.token
            if gone or time.monotonic() > deadline:
                return gone
            time.sleep(POLL_S)
            self._reap()

    def _reap(self) -> None:
        self._children[:] = [child for child in self._children if child.poll() is None]


def _note_stillborn(spec: StreamSpec, token: str, pid: int, words: str, fault: Fault) -> None:
    """Write down in its stead how a driver ended that could not even begin."""
    beat = Heartbeat(spec.name, spec.hash, token, pid, socket.gethostname())
    carry(read_heartbeat(spec.paths.heartbeat), beat)
    note(beat, words, fault)
    beat.write(spec.paths.heartbeat)


def _rotate(log: Path) -> None:
    """Keep one earlier driver log once the current one is large."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))


def _tail(log: Path, since: int) -> str:
    """Return the last lines of a log after its first bytes, which earlier drivers wrote."""
    lines = log.read_bytes()[since:].decode(errors="replace").splitlines()[-LOG_TAIL_LINES:]
    return " | ".join(line.strip() for line in lines)
