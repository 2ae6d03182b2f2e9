"""JSON Schemas of the contracts, one file each, for whoever reads what the broker writes."""

import json
from pathlib import Path

from fink_lib.config import PROJECT_DIR
from fink_lib.contracts.base import Contract
from fink_lib.contracts.night import NightManifest
from fink_lib.contracts.reprocess import ReprocessingDiff
from fink_lib.contracts.steps import RESULTS
from fink_lib.contracts.transfer import TransferManifest
from fink_lib.contracts.truth import TruthLine

FOLDER = PROJECT_DIR / "docs" / "schemas"
CONTRACTS: tuple[type[Contract], ...] = (
    NightManifest,
    TransferManifest,
    TruthLine,
    ReprocessingDiff,
    *(result for result in RESULTS.values() if result is not NightManifest),
)


def schema(contract: type[Contract]) -> str:
    """Return the JSON Schema of a contract."""
    return json.dumps(contract.model_json_schema(), indent=1, sort_keys=True) + "\n"


def write(folder: Path = FOLDER) -> None:
    """Write all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for contract in CONTRACTS:
        (folder / f"{contract.name}.json").write_text(schema(contract))


if __name__ == "__main__":
    write()
