"""Spark's Python daemon, with everything that the science needs imported before a worker is forked.

Spark ends Python workers that have been idle for a minute. A new one then starts from a fork of this process:
it has its imports at once, two thirds of a second of processor time, and shares their memory with the others.
The streams name it in ``spark.python.daemon.module``; without it enrich works the same, slower after a pause.
"""

import importlib
import os
import sys

from pyspark import daemon

# The registry, which the last one imports, brings every module and what it uses.
PRELOADED = ("pyarrow.compute", "pyspark.sql.pandas.serializers", "fink_lib.enrich.science")


def preload() -> None:
    """Import what a worker of the enrich stream imports; a failure is left to the worker to report."""
    for name in PRELOADED:
        try:
            importlib.import_module(name)
        except Exception as problem:  # noqa: BLE001 - the daemon must start whatever happens here
            sys.stderr.write(f"python daemon: {name} not preloaded: {problem}\n")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one process of several that share the cores
    preload()
    daemon.manager()  # type: ignore[no-untyped-call]  # Spark's own entry point
