"""One proof against loss and doubling: a stage looks into no table of its own accord, and trusts no transaction id."""

import ast
from pathlib import Path

import pytest

from fink_lib.config import PROJECT_DIR

STAGES = ("ingest", "enrich", "distribute")
# What reads a table, or names a transaction; `fink_lib.lake.places` has what a stage may ask instead
LOOKS = frozenset(
    {
        "DeltaTable",
        "ParquetFile",
        "dataset_of",
        "delta_table",
        "get_add_actions",
        "parquet_file",
        "read_rows",
        "read_table",
    }
    | {"CommitProperties", "Transaction", "append_event", "transaction_version"}
    | {"txnAppId", "txnVersion", "left_anti", "left_semi"}
)
# What is read for another reason than to know what is done already
OTHER_REASONS = {
    ("distribute/forget.py", "delta_table"),  # a person takes a topic out of the books
    ("distribute/forget.py", "dataset_of"),
    ("distribute/alerts.py", "ParquetFile"),  # a type
    ("distribute/alerts.py", "parquet_file"),  # the alerts of a batch, in the files that Spark names
    ("distribute/newest.py", "delta_table"),  # the newest alert of an object that somebody says something about
    ("distribute/newest.py", "parquet_file"),
    ("distribute/reactor.py", "read_table"),  # whether that alert is as a rule wants it
    ("distribute/judging.py", "read_table"),  # alerts to time filters on
    ("distribute/trial_job.py", "read_table"),  # a filter is tried on silver
    ("distribute/stream.py", "read_rows"),  # writer schemas
    ("enrich/stream.py", "DeltaTable"),  # a type
    ("enrich/stream.py", "delta_table"),  # tables that are written
    ("ingest/stream.py", "delta_table"),
    ("enrich/tasks.py", "parquet_file"),  # bytes of packets
    ("enrich/stream.py", "read.format"),  # facts of alerts that a person wants to be tried again
}


def looks(tree: ast.AST) -> set[str]:
    """Return the names of `LOOKS` that code uses, and ``read.format`` where it reads a table with Spark."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "format" and ast.unparse(node.value).endswith(".read"):
            found.add("read.format")
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                found.add(name)
            case ast.alias(name=name):
                found.add(name)
            case ast.Constant(value=str(name)):
                found.add(name)
    return found & (LOOKS | {"read.format"})


def files() -> dict[str, Path]:
    root = PROJECT_DIR / "fink_lib"
    return {str(path.relative_to(root)): path for stage in STAGES for path in sorted((root / stage).rglob("*.py"))}


def test_stages_have_no_look_up_or_transaction_of_their_own() -> None:
    found = {(name, look) for name, path in files().items() for look in looks(ast.parse(path.read_text()))}
    assert found == OTHER_REASONS


def test_each_stage_asks_the_one_module() -> None:
    asking = {
        name.partition("/")[0]
        for name, path in files().items()
        if "from fink_lib.lake.places import" in path.read_text()
    }
    assert asking == set(STAGES)


@pytest.mark.parametrize(
    "line",
    [
        "from deltalake import DeltaTable",
        "from fink_lib.lake.delta import delta_table",
        "import deltalake\ndeltalake.DeltaTable('x')",
        "spark.read.format('delta').load('x')",
        "frame.join(other, 'key', 'left_anti')",
        "rows.write.option('txnAppId', 'mine')",
        "rows.write.options(txnVersion=3)",
    ],
)
def test_a_planted_look_up_is_found(line: str) -> None:
    assert len(looks(ast.parse(line))) == 1
