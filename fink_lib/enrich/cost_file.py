"""The file of what science cost in a night, by module: read and written without Spark."""

import datetime as dt
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

Seconds: TypeAlias = dict[str, float]
COST_FOLDER = "science_cost"


def cost_path(stream: Path, night: dt.date) -> Path:
    """Return the file of a night below the folder of a stream.

    Parameters
    ----------
    stream
        Folder of the stream.
    night
        The night that alerts are of.
    """
    return stream / COST_FOLDER / f"{night.isoformat()}.json"


def add_cost(path: Path, seconds: Mapping[str, float], alerts: int) -> None:
    """Add seconds and alerts to a night's file; a reader sees the old one or the new one.

    Parameters
    ----------
    path
        What `cost_path` returned; folder and file are made where they are missing.
    seconds
        Module → seconds to add, in seconds.
    alerts
        Number of alerts to add.
    """
    known = read_cost(path)
    spent: Seconds = known["seconds"]
    for name, each in seconds.items():
        spent[name] = round(spent.get(name, 0.0) + each, 6)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_text(json.dumps({"alerts": known["alerts"] + alerts, "seconds": spent}, sort_keys=True))
    scratch.replace(path)


def read_cost(path: Path) -> dict[str, Any]:
    """Return ``alerts`` and, by module, ``seconds`` of a night; nothing spent where there is no file."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return {"alerts": 0, "seconds": {}}
    return found
