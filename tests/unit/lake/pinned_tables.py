"""Facts and columns of every table that v0.1.0 makes, written by its code (commit cb0c36d), under today's names."""

import json
from pathlib import Path
from typing import Any

RENAMED = {"gold__upkeep": "gold__table_stats", "is_repeat": "is_duplicate"}


def pinned_tables() -> dict[str, dict[str, Any]]:
    """Return the facts of each table, by its name; ``columns`` maps each column to its type, in order."""
    told = json.loads(Path(__file__).with_name("tables_v010.json").read_text())
    return {
        RENAMED.get(table, table): {
            **facts,
            "columns": {RENAMED.get(name, name): kind for name, kind in facts["columns"].items()},
        }
        for table, facts in told.items()
    }
