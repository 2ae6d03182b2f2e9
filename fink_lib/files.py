"""Files written whole: a reader sees the old text or the new one, never half. JSON the same way every time."""

import json
import os
from pathlib import Path
from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]


def to_json(facts: object) -> str:
    """Write JSON the same way every time: keys sorted, dates and paths as text."""
    return json.dumps(facts, indent=1, sort_keys=True, default=str, ensure_ascii=False) + "\n"


def replace_text(path: Path, text: str, *, durable: bool = False) -> None:
    """Replace a file at once: a reader sees the old text or the new one, never half.

    Parameters
    ----------
    path, text
        The file, and what it holds then.
    durable
        Whether it must outlive the machine's power: it is synced, and its folder too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    with scratch.open("w", encoding="utf-8") as file:
        file.write(text)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    scratch.replace(path)
    if durable:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
