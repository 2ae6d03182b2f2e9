"""What a stream is: its name, its command and its folder. The name is its identity."""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from fink_lib import __version__
from fink_lib.config import Settings
from fink_lib.processes.command import job_command


class Stage(StrEnum):
    """The three streams of a survey, in the order that alerts pass them."""

    INGEST = "ingest"
    ENRICH = "enrich"
    DISTRIBUTE = "distribute"


# A checkpoint belongs to one meaning of a stream: raise its number when source, sink or state change meaning.
CHECKPOINT_VERSIONS = {Stage.INGEST: 1, Stage.ENRICH: 2, Stage.DISTRIBUTE: 1}

# What only the services and the closing of a night go by: a driver need not be replaced when it changes.
NOT_OF_A_DRIVER = {
    "surveys",
    *("airflow_port", "kafka_port", "kafka_users_port", "kafka_users_tls", "registry_port"),
    *("night_quiet_s", "night_deadline_s", "batch_memory"),
    "batch_java_options",
    *("airflow_url", "report_mail_to", "report_mail_from", "report_smtp", "report_webhook"),
    *("vacuum_retention_h", "catalog_retention_days", "log_retention_days", "reprocess_retention_days"),
}


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
    survey, stage
        Together the stream's name, ``survey.stage``.
    settings
        What it runs with; part of the hash.
    """

    survey: str
    stage: Stage
    settings: Settings

    @property
    def name(self) -> str:
        """Identity of the stream."""
        return f"{self.survey}.{self.stage}"

    @property
    def app_id(self) -> str:
        """Delta transaction id of the stream's writes; changes with the checkpoint."""
        return f"{self.name}.v{CHECKPOINT_VERSIONS[self.stage]}"

    @property
    def checkpoint(self) -> Path:
        """Folder of the query's checkpoint."""
        return self.settings.checkpoints / self.name / f"v{CHECKPOINT_VERSIONS[self.stage]}"

    @property
    def paths(self) -> StreamPaths:
        """Files of the stream."""
        return StreamPaths(self.settings.streams / self.name)

    @property
    def job(self) -> Path:
        """File of the driver."""
        return self.settings.project / "jobs" / "streaming" / f"{self.stage}.py"

    @property
    def command(self) -> list[str]:
        """Command line of the driver."""
        return job_command(self.job, "--survey", self.survey)

    @property
    def hash(self) -> str:
        """Changes when code version or settings change: a running driver of another hash is replaced."""
        settings = self.settings.model_dump(mode="json", exclude=NOT_OF_A_DRIVER)
        settings["of_surveys"] = settings["of_surveys"].get(self.survey)  # of no other one
        facts = {"version": __version__, "name": self.name, "settings": settings}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
