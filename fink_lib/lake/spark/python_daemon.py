"""Spark's Python daemon, with everything that a stream's workers need imported before a worker is forked.

Spark ends Python workers that have been idle for a minute. A new one then starts from a fork of this process:
it has its imports at once, two thirds of a second of processor time, and shares their memory with the others.
Which modules these are stands in the session's configuration (`daemon_conf`); without them the stream works the same,
slower after a pause.
"""

import importlib
import os
import sys
from collections.abc import Iterable

from pyspark import daemon

ALWAYS = ("pyarrow.compute", "pyspark.sql.pandas.serializers")
VARIABLE = "WORKER_PRELOAD"  # no FINK_ setting: it is of one session


def daemon_conf(names: Iterable[str]) -> dict[str, str]:
    """Return the configuration of a session whose Python workers start with some modules."""
    return {
        "spark.python.daemon.module": "fink_lib.lake.spark.python_daemon",
        f"spark.executorEnv.{VARIABLE}": ",".join(names),
    }


def serve() -> None:
    """Import modules and be the daemon; a failure is left to the worker to report."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one process of several that share the cores
    preload(name for name in os.environ.get(VARIABLE, "").split(",") if name)
    daemon.manager()  # type: ignore[no-untyped-call]  # Spark's own entry point


def preload(names: Iterable[str]) -> None:
    """Import what workers import."""
    for name in (*ALWAYS, *names):
        try:
            importlib.import_module(name)
        except Exception as problem:  # noqa: BLE001 - the daemon must start whatever happens here
            sys.stderr.write(f"python daemon: {name} not preloaded: {problem}\n")


if __name__ == "__main__":
    serve()
