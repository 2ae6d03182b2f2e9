"""What one home is doing, as plain rows: services, streams, nights."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fink_lib.config import Settings
from fink_lib.host.health import RUNNING, STOPPED, state_of
from fink_lib.host.services import Services
from fink_lib.job_server.record import read_record
from fink_lib.job_server.start import accepts_jobs
from fink_lib.streams.known import known_streams
from fink_lib.streams.rows import StreamRow, stream_rows

STARTING = "starting"
JOB_SERVER = "spark jobs"


@dataclass(frozen=True)
class ServiceRow:
    """One server: where it is, whether it lives and whether it answers."""

    name: str
    state: str
    port: int
    pid: int
    log: str


@dataclass(frozen=True)
class NightRow:
    """One closed night, by its manifest."""

    survey: str
    night: str
    offered: int | None
    bronze: int | None
    silver: int | None
    rejected: int | None
    quarantine: int | None
    equation_holds: bool | None
    report: str


@dataclass(frozen=True)
class Overview:
    """Everything that `fink status` shows."""

    home: str
    services: list[ServiceRow]
    streams: list[StreamRow]
    nights: list[NightRow]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return asdict(self)


def look(settings: Settings, now: Callable[[], float] = time.time) -> Overview:
    """Read what the home's files say; starts and changes nothing.

    Parameters
    ----------
    settings
        Of the home.
    now
        Returns the Unix time that the ages of heartbeats are measured to.
    """
    return Overview(
        home=str(settings.home),
        services=_services(settings),
        streams=stream_rows(settings, known_streams(settings), now()),
        nights=[_night(path) for path in sorted(settings.nights.glob("*/*/manifest.json"))],
    )


def _services(settings: Settings) -> list[ServiceRow]:
    rows = [
        ServiceRow(name, state_of(name, each), each.port, each.pid, each.log)
        for name, each in sorted(Services(settings.home).read().items())
    ]
    jobs = read_record(settings)
    if jobs is not None:  # it has a socket of the file system, no port
        state = STOPPED if not jobs.alive else RUNNING if accepts_jobs(jobs) else STARTING
        rows.append(ServiceRow(JOB_SERVER, state, 0, jobs.pid, jobs.log))
    return rows


def _night(path: Path) -> NightRow:
    facts = json.loads(path.read_text())
    counts = ("offered", "bronze", "silver", "rejected", "quarantine", "equation_holds")
    report = path.with_name("report.html")
    return NightRow(
        survey=path.parts[-3],
        night=path.parts[-2],
        report=str(report) if report.exists() else "",
        **{name: facts.get(name) for name in counts},
    )
