"""Whether a text is one query and nothing else: DuckDB itself reads it, nothing is run."""

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb

from fink_lib.errors import ConfigError
from fink_lib.served.private import is_private

TABLE_FUNCTIONS = {"unnest", "range", "generate_series"}
REFUSED_FUNCTIONS = {"getenv", "current_setting", "query", "query_table", "nextval", "currval", "write_log"}
OF_FILE = re.compile(r"[^\w ]")
MOST_CHARACTERS = 100_000


def require_query(text: str) -> tuple[str, ...]:
    """See that a text is one SELECT over tables: no statement beside, no function that reads files or runs a text.

    The sandbox would hold such a thing too; here it is refused before it waits for its turn.

    Returns
    -------
    tuple of str
        Tables of people that it reads, ``schema.table``.

    Raises
    ------
    ConfigError
        When it is something else.
    """
    if len(text) > MOST_CHARACTERS:
        raise ConfigError(f"the query has {len(text)} characters: {MOST_CHARACTERS} at most")
    with duckdb.connect() as connection:
        (found,) = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [text]).fetchall()[0]
    try:
        read = json.loads(found)
    except RecursionError:
        raise ConfigError("a job in SQL is one SELECT, and this one is nested too deeply: write it flatter") from None
    if read["error"]:
        said = (str(read.get("error_message") or "").splitlines() or ["it is not understood"])[0]
        raise ConfigError(f"a job in SQL is one SELECT, and this is none: {said[:300]}")
    if len(read["statements"]) != 1:
        raise ConfigError(f"a job in SQL is one SELECT: here are {len(read['statements'])} statements")
    named = set[str]()
    for kind, name, schema in _calls(read["statements"][0]):
        if name in REFUSED_FUNCTIONS or (kind == "TABLE_FUNCTION" and name not in TABLE_FUNCTIONS):
            raise ConfigError(f"a job in SQL has no function {name[:60]}: ask the tables of the job")
        if kind == "TABLE" and OF_FILE.search(name):
            raise ConfigError(f"a job in SQL has no table '{name[:60]}': a file is none")
        if kind == "TABLE" and is_private(full := f"{schema}.{name}".lower()):
            named.add(full)
    return tuple(sorted(named))


def _calls(tree: Any) -> Iterator[tuple[str, str, str]]:
    """Yield every function and table of a tree, however deep: which it is, its name, and a table's schema."""
    left = [(tree, "FUNCTION")]
    while left:
        node, kind = left.pop()
        if isinstance(node, list):
            left += [(one, "FUNCTION") for one in node]
        elif isinstance(node, dict):
            if "function_name" in node:
                yield kind, str(node["function_name"]).lower(), ""
            if node.get("type") == "BASE_TABLE":
                yield "TABLE", str(node.get("table_name")), str(node.get("schema_name") or "")
            below = "TABLE_FUNCTION" if node.get("type") == "TABLE_FUNCTION" else "FUNCTION"
            left += [(one, below) for one in node.values()]
