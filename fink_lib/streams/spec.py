"""What a stream is: its name, its command and its folder. The name is its identity."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from fink_lib import __version__
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.processes.command import job_command
from fink_lib.streams.code import code_digest
from fink_lib.streams.kinds import KINDS, Stage, StreamKind

__all__ = ["Stage", "StreamPaths", "StreamSpec"]

_LABEL = re.compile(r"[a-z][a-z0-9_]{1,31}")


@dataclass(frozen=True)
class StreamPaths:
    """Files of one stream."""

    root: Path

    @property
    def heartbeat(self) -> Path:
        """JSON that the driver renews at every event."""
        return self.root / "heartbeat.json"

    @property
    def lease(self) -> Path:
        """JSON of the one driver that may write."""
        return self.root / "lease.json"

    @property
    def stop_marker(self) -> Path:
        """A file whose existence asks the driver to stop after its micro-batch."""
        return self.root / "stop"

    @property
    def log(self) -> Path:
        """Standard output and error of the driver."""
        return self.root / "driver.log"


@dataclass(frozen=True)
class StreamSpec:
    """One stream as it should run.

    Attributes
    ----------
    survey, kind
        Together the stream's name, ``survey.kind``; a kind of `KINDS`.
    settings
        What it runs with; those of its kind's groups are part of the hash.
    label
        Of a kind that runs beside a live one: part of its name, checkpoint and tables.
    """

    survey: str
    kind: str
    settings: Settings
    label: str = ""

    def __post_init__(self) -> None:
        """Refuse a kind that there is not, and a label that could not be part of a path.

        Raises
        ------
        ConfigError
            Naming it.
        """
        if self.kind not in KINDS:
            raise ConfigError(f"there is no stream '{self.kind}': there are {', '.join(KINDS)}")
        if self.facts.labelled and not _LABEL.fullmatch(self.label):
            raise ConfigError(f"'{self.label}' cannot name a {self.kind}: 2 to 32 of a-z, 0-9 and _, a letter first")
        if self.label and not self.facts.labelled:
            raise ConfigError(f"stream '{self.kind}' takes no label, it is given '{self.label}'")

    @property
    def facts(self) -> StreamKind:
        """Its entry in the table of streams."""
        return KINDS[self.kind]

    @property
    def stage(self) -> Stage:
        """What it does to alerts."""
        return self.facts.stage

    @property
    def short_name(self) -> str:
        """Its name within the survey."""
        return f"{self.kind}_{self.label}" if self.facts.labelled else str(self.kind)

    @property
    def name(self) -> str:
        """Identity of the stream."""
        return f"{self.survey}.{self.short_name}"

    @property
    def app_id(self) -> str:
        """Delta transaction id of the stream's writes; changes with the checkpoint."""
        return f"{self.name}.v{self.facts.checkpoint_version}"

    @property
    def checkpoint(self) -> Path:
        """Folder of the query's checkpoint."""
        return self.settings.checkpoints / self.name / f"v{self.facts.checkpoint_version}"

    @property
    def paths(self) -> StreamPaths:
        """Files of the stream."""
        return StreamPaths(self.settings.streams / self.name)

    @property
    def job(self) -> Path:
        """File of the driver, in the checkout of the settings."""
        return self.settings.project / "jobs" / "streaming" / self.facts.job

    @property
    def command(self) -> list[str]:
        """Command line of the driver."""
        return job_command(self.job, "--stream", self.name)

    @property
    def hash(self) -> str:
        """Changes when its code or a setting of its groups changes: a running driver of another hash is replaced."""
        settings = self.settings.model_dump(mode="json", include=set(self.facts.fields))
        of_survey = self.settings.of_survey(self.survey).model_dump(mode="json")
        facts = {
            "version": __version__,  # rows carry it
            "code": code_digest(self.job),
            "stream": self.app_id,
            "settings": settings,
            "survey": of_survey,
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
