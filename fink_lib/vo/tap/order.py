"""What a process is told to run, as a file: tables, query, limits."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ORDER, RESULT, OUTCOME, LOG = "order.json", "result.arrow", "outcome.json", "worker.log"
DESCRIBED = "described.json"


@dataclass(frozen=True)
class Order:
    """A query and what it may use.

    Attributes
    ----------
    query
        SQL, compiled.
    frames
        Table → Arrow file whose rows it has.
    views
        Table → SQL over files and frames.
    files
        Files that may be read.
    rows, seconds, memory_mb, result_mb
        How many rows are kept, and the limits of time, of memory, and of the size of the answer.
    """

    query: str
    frames: dict[str, str] = field(default_factory=dict)
    views: dict[str, str] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    rows: int = 1_000
    seconds: float = 60.0
    memory_mb: int = 1024
    result_mb: int = 2048

    def write(self, folder: Path) -> None:
        """Write it into a folder."""
        (folder / ORDER).write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, folder: Path) -> "Order":
        """Read it from a folder."""
        said: dict[str, Any] = json.loads((folder / ORDER).read_text())
        return cls(**said)
