"""The query engine: one DuckDB in this process, a cursor a question."""

import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

MEMORY = "1GB"
BATCH_ROWS = 10_000


class Engine:
    """Answers SQL over files and over tables that it holds.

    Parameters
    ----------
    spill
        Folder for what does not fit into memory.
    threads
        How many threads a question may take.
    """

    def __init__(self, spill: Path, threads: int = 2) -> None:
        spill.mkdir(parents=True, exist_ok=True)
        self._connection = duckdb.connect()
        self._lock = threading.Lock()
        for setting, value in (
            ("memory_limit", f"'{MEMORY}'"),
            ("temp_directory", "'" + str(spill).replace("'", "''") + "'"),
            ("threads", str(threads)),
            ("TimeZone", "'UTC'"),
            ("parquet_metadata_cache", "true"),
        ):
            self._connection.execute(f"SET GLOBAL {setting} = {value}")  # a cursor has no other settings

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a connection of the caller's own to the same tables."""
        with self._lock:
            return self._connection.cursor()

    def table(self, query: str, **frames: pa.Table) -> pa.Table:
        """Return the rows of a question; `frames` are tables that it names."""
        with self.cursor() as cursor:
            for name, frame in frames.items():
                cursor.register(name, frame)
            return cursor.sql(query).to_arrow_table()

    def stream(self, query: str, **frames: pa.Table) -> pa.RecordBatchReader:
        """Return the rows of a question as they come, in batches; the cursor lives as long as they are read."""
        cursor = self.cursor()
        for name, frame in frames.items():
            cursor.register(name, frame)
        reader = cursor.sql(query).to_arrow_reader(BATCH_ROWS)
        schema = reader.schema

        def batches() -> Iterator[pa.RecordBatch]:
            with cursor:
                yield from reader

        return pa.RecordBatchReader.from_batches(schema, batches())

    def close(self) -> None:
        """Let go of everything."""
        self._connection.close()
