"""What runs in the sandbox: it gives up what it may, then runs somebody's code and writes the rows that come of it.

It stands alone: nothing of this package is in the sandbox. Its order is ``/job/order.json``. Rows leave by the file
that it was handed, what is said by standard output, and how it ended by a pipe: it can open nothing outside.
"""

import ctypes
import io
import json
import os
import resource
import sys
import traceback
from typing import Any

JOB, DATA, PACKAGES, SCRATCH = "/job", "/data", "/packages", "/tmp"  # noqa: S108 - of the sandbox alone
MB = 1 << 20
BATCH_ROWS = 65_536
LONGEST = 2_000
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, MODE_FILTER = 22, 38, 2
THREAD_STACK_BYTES = 4 * MB
Order = dict[str, Any]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def main() -> None:
    """Run the order."""
    with open(f"{JOB}/order.json", encoding="utf-8") as file:  # noqa: PTH123 - quicker to start
        order: Order = json.load(file)
    limit(order)
    become_nobody(int(order["user"]))
    close_the_door()
    os.chdir(SCRATCH)
    sys.path.append(PACKAGES)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # whatever is said is kept
    tell(int(order["outcome"]), outcome_of(order))
    sys.stdout.flush()
    os._exit(0)


def limit(order: Order) -> None:
    """Take the limits of the order; nobody but root could widen them, and that user is given up next."""
    memory, seconds = int(order["memory_mb"]) * MB, int(order["seconds"])
    hard = {
        resource.RLIMIT_DATA: memory,
        resource.RLIMIT_AS: memory + 4096 * MB,  # libraries, and address space that threads reserve
        resource.RLIMIT_STACK: THREAD_STACK_BYTES,
        resource.RLIMIT_CPU: 2 * seconds + 5,  # over two cores; the clock is watched from outside
        resource.RLIMIT_FSIZE: int(order["result_mb"]) * MB,
        resource.RLIMIT_NPROC: int(order["threads"]),
        resource.RLIMIT_NOFILE: 1024,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    for which, most in hard.items():
        resource.setrlimit(which, (most, most))


def become_nobody(user: int) -> None:
    """Give up root, where that is who runs this: limits of processes do not bind it."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)


def close_the_door() -> None:
    """Lay the second filter over the first: from here on no other program is started."""
    with open(f"{JOB}/end.bpf", "rb") as file:  # noqa: PTH123
        code = file.read()
    held = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(held))
    control = ctypes.CDLL(None, use_errno=True).prctl
    if control(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or control(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(program)):
        raise OSError(ctypes.get_errno(), "the filter of system calls was not taken")


def outcome_of(order: Order) -> dict[str, Any]:
    """Run the code; return how many rows it left, or why it left none."""
    try:
        return {"rows": perform(order)}
    except MemoryError:
        return {"error": f"it needs more memory than the {order['memory_mb']} MB of a job"}
    except SystemExit as error:
        return {"error": f"it ended itself with {error.code!r}"}
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
        lines = traceback.format_exception(error)
        sys.stdout.write("".join(lines) if order["language"] == "python" else lines[-1])
        told = f"{type(error).__name__}: {error}"
        if isinstance(error, OSError) and error.errno == 27:  # noqa: PLR2004 - EFBIG
            told = f"its result is larger than the {order['result_mb']} MB of a job"
        return {"error": told[:LONGEST]}


def perform(order: Order) -> int | None:
    """Run the code of an order; return how many rows were written, None where it made no result."""
    import duckdb  # noqa: PLC0415 - after the limits

    db = connected(duckdb, order)
    if order["language"] == "sql":
        found: Any = db.sql(order["code"])
    else:
        space: dict[str, Any] = {"__name__": "__main__", "db": db, "result": None}
        exec(compile(order["code"], "job.py", "exec"), space)  # noqa: S102 - what all this is for
        found = space.get("result")
    if found is None:
        return None
    return write(reader_of(found), order["format"], int(order["result"]))


def connected(duckdb: Any, order: Order) -> Any:
    """Return an engine with the tables of the order; it reads no other file, and its settings stay.

    Parameters
    ----------
    duckdb
        The module: it is imported after the limits are set.
    order
        Files that may be read, views over them, language and limits in MB.
    """
    db = duckdb.connect()
    listed = ", ".join("'" + one.replace("'", "''") + "'" for one in order["files"])
    for setting in (
        f"memory_limit = '{int(order['memory_mb']) // 2}MB'",
        f"temp_directory = '{SCRATCH}'",
        f"max_temp_directory_size = '{int(order['scratch_mb'])}MB'",
        "threads = 2",
        "TimeZone = 'UTC'",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        f"allowed_paths = [{listed}]",
        "enable_external_access = false",
    ):
        db.execute(f"SET {setting}")
    for name, sql in order["views"].items():
        schema, _, table = name.rpartition(".")
        db.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"' if schema else "SELECT 1")
        db.execute(f'CREATE VIEW "{schema}"."{table}" AS {sql}' if schema else f'CREATE VIEW "{table}" AS {sql}')
    if order["language"] == "sql":
        db.execute("SET python_enable_replacements = false")
    db.execute("SET lock_configuration = true")
    return db


def reader_of(found: Any) -> Any:
    """Return what somebody left as `result` as batches of rows: a relation, a table, a frame, columns or rows."""
    import pyarrow as pa  # noqa: PLC0415

    if isinstance(found, pa.RecordBatchReader):
        return found
    if hasattr(found, "to_arrow_reader"):  # a relation of DuckDB
        return found.to_arrow_reader(BATCH_ROWS)
    if hasattr(found, "colnames"):  # a table of astropy
        found = {name: found[name].tolist() for name in found.colnames}
    if isinstance(found, list):
        found = pa.Table.from_pylist(found)
    elif isinstance(found, dict):
        found = pa.table(found)
    elif not isinstance(found, pa.Table):
        found = pa.Table.from_pandas(found, preserve_index=False)
    return found.to_reader(BATCH_ROWS)


def write(reader: Any, form: str, handle: int) -> int:
    """Write rows as Parquet or CSV; return how many.

    Parameters
    ----------
    reader
        Record batches of Arrow.
    form
        `parquet` or `csv`; for the latter nested values become text.
    handle
        Descriptor of the file; it is closed.
    """
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.csv as pv  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    kinds = {"parquet": (reader.schema, lambda sink, schema: pq.ParquetWriter(sink, schema, compression="zstd")),
             "csv": (pa.schema([(name, _flat(pa, reader.schema.field(name).type)) for name in reader.schema.names]),
                     pv.CSVWriter)}  # fmt: skip
    schema, make = kinds[form]
    count = 0
    with os.fdopen(handle, "wb") as file, pa.PythonFile(file, mode="w") as sink, make(sink, schema) as writer:
        for batch in reader:
            writer.write_batch(batch if form == "parquet" else _as_text(pa, batch, schema))
            count += batch.num_rows
    return count


def _flat(pa: Any, kind: Any) -> Any:
    return pa.string() if pa.types.is_nested(kind) else kind


def _as_text(pa: Any, batch: Any, schema: Any) -> Any:
    """Return rows for CSV: what is nested is written as JSON."""
    made = [
        pa.array([None if one is None else json.dumps(one, default=str) for one in column.to_pylist()], pa.string())
        if pa.types.is_nested(column.type)
        else column.cast(field.type)
        for column, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(made, schema=schema)


def tell(handle: int, outcome: dict[str, Any]) -> None:
    """Say how it ended.

    Parameters
    ----------
    handle
        Descriptor of the pipe to the runner; it is closed.
    outcome
        `rows`, or `error`.
    """
    os.write(handle, json.dumps(outcome).encode())
    os.close(handle)


if __name__ == "__main__":
    main()
