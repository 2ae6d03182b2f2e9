"""The writer schemas that a survey itself publishes with, to write a packet as the survey would.

Made from the surveys' published schemas by ``python -m fink_lib.surveys.native FOLDER TOP_RECORD OUT``.
"""

import sys
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from fink_lib.errors import SurveyError
from fink_lib.surveys.base import AvroSchema
from fink_lib.surveys.schema_source import load_folder
from fink_lib.surveys.schemas import compact, load

_PREFIX = "native_"


@lru_cache(maxsize=8)
def native_schemas(survey: str) -> tuple[AvroSchema, ...]:
    """Return the writer schemas kept in a survey's folder, the oldest first; empty where none is kept."""
    folder = f"{__package__}.{survey}"
    kept = sorted(file.name for file in files(folder).iterdir() if file.name.startswith(_PREFIX))
    return tuple(load(folder, name) for name in kept)


def without_docs(node: Any) -> Any:
    """Leave out the explanations of a schema: they are half of its bytes, in every message."""
    if isinstance(node, list):
        return [without_docs(item) for item in node]
    if isinstance(node, dict):
        return {key: without_docs(value) for key, value in node.items() if key != "doc"}
    return node


def main(arguments: list[str]) -> None:
    """Inline the schema files of one version into one file.

    Raises
    ------
    SurveyError
        When the folder does not hold the top record.
    """
    folder, top, out = Path(arguments[0]), arguments[1], Path(arguments[2])
    schema = load_folder(folder, top)
    if schema is None:
        raise SurveyError(f"'{folder}' holds no record '{top}'")
    out.write_text(compact(without_docs(schema)))


if __name__ == "__main__":
    main(sys.argv[1:])
