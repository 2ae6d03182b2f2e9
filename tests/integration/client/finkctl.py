"""The unmodified fink-client as a subscriber has it: its credentials, and its command."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import fastavro
import pyarrow.dataset as ds
import yaml

FINKCTL = Path(sys.executable).with_name("finkctl")


def register(
    home: Path, bootstrap: str, topics: Iterable[str] = (), timeout_s: float = 10, survey: str = "ztf"
) -> None:
    """Write the credentials file that `finkctl auth register` and `topic subscribe` would have written."""
    folder = home / ".finkclient"
    folder.mkdir(parents=True)
    facts = {
        "survey": survey,
        "username": "anonymous",
        "password": None,
        "groupid": f"pub_{uuid.uuid4().hex}",  # of this test alone: a group goes on where it had stopped
        "servers": bootstrap,
        "maxtimeout": timeout_s,
        "topics": {topic: {} for topic in topics},
    }
    (folder / f"{survey}_credentials.yml").write_text(yaml.safe_dump(facts))


def finkctl(home: Path, *words: str | Path) -> str:
    """Run finkctl to its end; return what it printed."""
    done = subprocess.run(
        [FINKCTL, *words],
        env={**os.environ, "HOME": str(home), "PYTHONWARNINGS": "ignore", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=home,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def download(kafka: str, folder: Path, topic: str, *words: str, survey: str = "ztf") -> list[dict[str, Any]]:
    """Let finkctl write a transfer to files, and read them."""
    register(folder, kafka, timeout_s=3, survey=survey)
    out = folder / "out"
    finkctl(folder, "transfer", "-survey", survey, "-topic", topic, "-outdir", out, "-nconsumers", "2", *words)
    if "avro" in words:
        return [row for path in out.rglob("*.avro") for row in _read_avro(path)]
    return list(ds.dataset(out, format="parquet").to_table().to_pylist())


def _read_avro(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        yield from fastavro.reader(file)
