"""The Avro schemas in a survey's folder: the superset that bronze is shaped by, and the writer schemas kept beside it.

``reader.avsc`` is made by `fink_lib.surveys.superset`, ``native_<version>.avsc`` by `fink_lib.surveys.native`.
"""

import json
import re
import textwrap
from importlib.resources import files

from fink_lib.surveys.base import AvroSchema

READER = "reader.avsc"
_COLUMNS = 120
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def load(package: str, name: str = READER) -> AvroSchema:
    """Return a schema out of a survey's folder.

    Parameters
    ----------
    package
        Name of the folder's package: ``__name__`` in its ``__init__.py``.
    name
        Name of the file.
    """
    schema: AvroSchema = json.loads((files(package) / name).read_text())
    return schema


def compact(schema: AvroSchema) -> str:
    """Return a schema as JSON with as many fields a line as there is room for."""
    # A line may only break between two parts, never within a text.
    text = _STRING.sub(lambda quoted: quoted[0].replace(" ", r"\u0020"), json.dumps(schema, separators=(", ", ":")))
    lines = textwrap.wrap(text, _COLUMNS, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines) + "\n"
