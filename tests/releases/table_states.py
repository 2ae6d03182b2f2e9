"""What the metadata of tables says at one moment."""

import json
from dataclasses import dataclass
from pathlib import Path

from deltalake import DeltaTable

from fink_lib.lake import table_names


@dataclass(frozen=True)
class State:
    """A table at one moment.

    Attributes
    ----------
    table_id, columns
        Of its metadata: another id is another table.
    version
        Its newest one.
    """

    table_id: str
    columns: str
    version: int


def states(lake: Path) -> dict[str, State]:
    found = {name: DeltaTable(str(lake / name)) for name in table_names(lake)}
    return {
        name: State(str(table.metadata().id), table.schema().to_json(), table.version())
        for name, table in found.items()
    }


def fields(state: State) -> list[str]:
    """Return each column with its type, as text."""
    return [json.dumps([one["name"], one["type"]]) for one in json.loads(state.columns)["fields"]]
