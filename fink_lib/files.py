"""Files written whole: a reader sees the old text or the new one, never half. JSON the same way every time."""

import json
import os
from pathlib import Path
from typing import Any, TypeAlias

JsonObject: TypeAlias = dict[str, Any]


def to_json(facts: object) -> str:
    """Write JSON the same way every time: keys sorted, dates and paths as text."""
    return json.dumps(facts, indent=1, sort_keys=True, default=str, ensure_ascii=False) + "\n"


def replace_text(path: Path, text: str) -> None:
    """Replace a file at once: a reader sees the old text or the new one, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(path)
