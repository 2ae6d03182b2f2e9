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
        `parquet`, `csv`, or `table`: Parquet too. For the latter two nested values become text; a table has plain
        types alone.
    handle
        Descriptor of the file; it is closed.
    """
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.csv as pv  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    def in_parquet(sink: Any, schema: Any) -> Any:
        return pq.ParquetWriter(sink, schema, compression="zstd")

    kinds: dict[str, tuple[Any, Any]] = {"csv": (_flat, pv.CSVWriter), "table": (_plain, in_parquet)}
    kind_of, make = kinds.get(form, (None, in_parquet))
    made = [(one.name, kind_of(pa, one.type)) for one in reader.schema] if kind_of else []
    schema = pa.schema(made) if kind_of else reader.schema
    count = 0
    with os.fdopen(handle, "wb") as file, pa.PythonFile(file, mode="w") as sink, make(sink, schema) as writer:
        for batch in reader:
            writer.write_batch(batch if form == "parquet" else _converted(pa, batch, schema))
            count += batch.num_rows
    return count


def _flat(pa: Any, kind: Any) -> Any:
    return pa.string() if pa.types.is_nested(kind) else kind


def _plain(pa: Any, kind: Any) -> Any:
    """Return the type that a column of a table has: numbers, truth, days, moments, and text for all else."""
    of = pa.types
    if of.is_boolean(kind) or (of.is_integer(kind) and kind != pa.uint64()) or kind == pa.float64():
        return kind
    for is_one, plain in ((of.is_floating, pa.float32()), (of.is_decimal, pa.float64()), (of.is_date, pa.date32()),
                          (of.is_timestamp, pa.timestamp("us"))):  # fmt: skip
        if is_one(kind):
            return plain
    return pa.string()


def _converted(pa: Any, batch: Any, schema: Any) -> Any:
    """Return rows in the types of a schema: what is nested is written as JSON, bytes as hexadecimal digits."""
    of = pa.types

    def said(value: Any) -> Any:
        return None if value is None else value.hex() if isinstance(value, bytes) else json.dumps(value, default=str)

    def converted(column: Any, kind: Any) -> Any:
        is_odd = of.is_nested(column.type) or (of.is_string(kind) and _is_binary(pa, column.type))
        return pa.array(map(said, column.to_pylist()), kind) if is_odd else column.cast(kind, safe=False)

    made = [converted(column, field.type) for column, field in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(made, schema=schema)


def _is_binary(pa: Any, kind: Any) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


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
