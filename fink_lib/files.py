"""Files written whole: a reader sees the old text or the new one, never half. JSON the same way every time."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]
EXACT_IN_FLOATS = 2**53


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
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlive a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def with_ids_as_text(facts: Mapping[str, object]) -> JsonObject:
    """Return facts with each id, and each integer beyond 2^53, as text too, under ``<name>_text``.

    Ids have 64 bits; JavaScript, and whatever else reads the numbers of JSON as floats, rounds those beyond 2^53.
    """
    texts: JsonObject = {}
    for name, value in facts.items():
        if isinstance(value, int):
            if not isinstance(value, bool) and (name.endswith("_id") or _is_rounded(value)):
                texts[f"{name}_text"] = str(value)
        elif isinstance(value, list | tuple) and (name.endswith("_ids") or any(map(_is_rounded, value))):
            texts[f"{name}_text"] = [str(each) for each in value]
    return {**facts, **texts}


def _is_rounded(value: object) -> bool:
    return isinstance(value, int) and abs(value) > EXACT_IN_FLOATS
