"""The process of one query: it waits until its standard input names a folder, and runs the order that lies there.

What a query may say is judged before (`fink_lib.vo.adql`); here are the walls behind: files by name, no settings, no
extensions, an address space of its own.
"""

import json
import os
import resource
import sys
import threading
from pathlib import Path

import duckdb
import pyarrow as pa

from fink_lib.vo.tap.order import LOG, OUTCOME, RESULT, Order

MB = 1 << 20
CODE_MB = 3 << 10  # address space of the interpreter and its libraries
BATCH_ROWS = 10_000
FEW_FILES = 512  # that may be open


def main(folder: Path) -> None:
    """Run the order of a folder, and tell what came of it."""
    order = Order.read(folder)
    _limit(order)
    try:
        told = run(order, folder)
    except duckdb.Error as error:
        told = {"error": type(error).__name__, "message": str(error)}
    except MemoryError:
        told = {"error": "OutOfMemoryException", "message": "the query needs more memory"}
    scratch = folder / f"{OUTCOME}.new"
    scratch.write_text(json.dumps(told))
    scratch.replace(folder / OUTCOME)


def _end_with_parent() -> None:
    """End when whoever started this process ends, however that was."""
    sys.stdin.buffer.read()
    os._exit(1)


def run(order: Order, folder: Path) -> dict[str, object]:
    """Run a query and write its rows; return how many, and whether there are more.

    Parameters
    ----------
    order
        What to run.
    folder
        Where the Arrow file with the rows is written.

    Returns
    -------
    ``rows`` and ``is_cut``.

    Raises
    ------
    duckdb.Error
        When the query cannot be run.
    """
    with duckdb.connect() as connection:
        _prepare(connection, order, folder)
        reader = connection.sql(order.query).to_arrow_reader(BATCH_ROWS)
        kept, is_cut = 0, False
        schema = _unique(reader.schema)
        with pa.OSFile(str(folder / RESULT), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            for batch in reader:
                room = order.rows - kept
                is_cut = batch.num_rows > room
                part = batch.slice(0, room)
                writer.write_batch(pa.RecordBatch.from_arrays(part.columns, schema=schema))
                kept += part.num_rows
                if is_cut:
                    break
    return {"rows": kept, "is_cut": is_cut}


def _prepare(connection: duckdb.DuckDBPyConnection, order: Order, folder: Path) -> None:
    spill = folder / "spill"
    spill.mkdir(exist_ok=True)
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in order.files)
    for setting in (
        f"memory_limit = '{order.memory_mb // 2}MB'",
        f"temp_directory = '{spill}'",
        f"max_temp_directory_size = '{order.result_mb}MB'",
        "threads = 2",
        "TimeZone = 'UTC'",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "python_enable_replacements = false",
    ):
        connection.execute(f"SET {setting}")
    for name, path in order.frames.items():
        _schema_of(connection, name)
        with pa.memory_map(path) as source:
            connection.register("frame", pa.ipc.open_file(source).read_all())
            connection.execute(f"CREATE TABLE {_quoted(name)} AS SELECT * FROM frame")  # noqa: S608  # ours
            connection.unregister("frame")
    connection.execute(f"SET allowed_paths = [{listed}]")
    connection.execute("SET enable_external_access = false")
    for name, sql in order.views.items():
        _schema_of(connection, name)
        connection.execute(f"CREATE VIEW {_quoted(name)} AS {sql}")
    connection.execute("SET lock_configuration = true")


def _schema_of(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    schema, _, table = name.rpartition(".")
    if table and schema:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")


def _quoted(name: str) -> str:
    """Return a table as SQL: its name may be a word of SQL."""
    return ".".join(f'"{part}"' for part in name.rsplit(".", 1))


def _unique(schema: pa.Schema) -> pa.Schema:
    """Return columns whose names are all different: a join may bring one twice."""
    seen: set[str] = set()
    fields = []
    for one in schema:
        name, number = one.name, 1
        while name.lower() in seen:
            name, number = f"{one.name}_{number}", number + 1
        seen.add(name.lower())
        fields.append(one.with_name(name))
    return pa.schema(fields)


def _limit(order: Order) -> None:
    seconds = int(order.seconds) * 2 + 10  # of processor, over both threads; the clock is watched by who started it
    resource.setrlimit(resource.RLIMIT_AS, ((CODE_MB + order.memory_mb) * MB,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (order.result_mb * MB,) * 2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW_FILES, FEW_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def wait_and_run() -> None:
    """Wait for the name of a folder on standard input, then run its order; end where there comes none."""
    named = sys.stdin.buffer.readline().decode().rstrip("\n")
    if not named:
        return
    threading.Thread(target=_end_with_parent, daemon=True).start()
    folder = Path(named)
    with (folder / LOG).open("wb") as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
    main(folder)
    os._exit(0)  # everything is written; an orderly end would wait a second for the thread that reads


if __name__ == "__main__":
    wait_and_run()
