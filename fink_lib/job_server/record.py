"""Where the server of a home is, and whether it is the one that this code would start."""

import hashlib
import json
import os
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.files import replace_text, to_json
from fink_lib.processes.detached import is_alive
from fink_lib.processes.identity import ProcessMark

FOLDER, FILE, LOG = "job_server", "server.json", "server.log"
# What its JVM is made of; everything else comes with each job.
OF_THE_JVM = (
    "home", "cache", "s3_endpoint", "s3_region", "s3_path_style", "spark_master", "spark_cores", "spark_partitions",
    "executor_memory", "spark_codegen", "batch_java_options", "job_server_memory",
)  # fmt: skip


@dataclass(frozen=True)
class Record:
    """A server that was started.

    Attributes
    ----------
    pid, started_at
        Its process, see `ProcessMark`.
    token
        What marks every process of it.
    socket
        Where it listens.
    key
        Code and settings that it was started with.
    log
        What its JVM says.
    """

    pid: int
    started_at: float
    token: str
    socket: str
    key: str
    log: str

    @property
    def mark(self) -> ProcessMark:
        """Identity of the process."""
        return ProcessMark(self.pid, self.started_at)

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return is_alive(self.mark)


def folder_of(settings: Settings) -> Path:
    """Return the folder of the server in its home."""
    return settings.home / FOLDER


def read_record(settings: Settings) -> Record | None:
    """Return the server that was started last, also one that has died since."""
    try:
        return Record(**json.loads((folder_of(settings) / FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def write_record(settings: Settings, record: Record) -> None:
    """Remember a server.

    Parameters
    ----------
    settings
        Whose home.
    record
        The server; what was remembered before is replaced.
    """
    replace_text(folder_of(settings) / FILE, to_json(asdict(record)))


def forget(settings: Settings, pid: int) -> None:
    """Forget a server, unless another one was started since.

    Parameters
    ----------
    settings
        Whose home.
    pid
        Process id of the server.
    """
    record = read_record(settings)
    if record is not None and record.pid == pid:
        (folder_of(settings) / FILE).unlink(missing_ok=True)


def key_of(settings: Settings) -> str:
    """Return what a server is made of: other code, another environment, another JVM needs another server."""
    facts = [sys.executable, *(f"{folder} {Path(folder).stat().st_mtime_ns}" for folder in package_folders())]
    facts += [f"{name}={getattr(settings, name)}" for name in OF_THE_JVM]
    for root in (PROJECT_DIR / "fink_lib", settings.project / "jobs"):
        facts += sorted(_sources(str(root)))
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def package_folders() -> list[str]:
    """Return where packages are installed: each one that comes, goes or changes is an entry that changes there."""
    paths = sysconfig.get_paths()
    return sorted({paths["purelib"], paths["platlib"]})


def _sources(folder: str) -> Iterator[str]:
    """Yield each file of code with its size and the time of its last change: to read them all takes too long."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    yield from _sources(entry.path)
            elif entry.name.endswith(".py"):
                facts = entry.stat()
                yield f"{entry.path} {facts.st_size} {facts.st_mtime_ns}"
