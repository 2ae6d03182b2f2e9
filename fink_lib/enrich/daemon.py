"""Spark's Python daemon, with everything that the science needs imported before a worker is forked.

Spark ends Python workers that have been idle for a minute. A new one then starts from a fork of this process:
it has its imports and its catalogues at once, and shares their memory with the other workers. Switched on by
``spark.python.daemon.module``; without it the stream works the same, only slower after a pause.
"""

import os
import sys

from pyspark import daemon


def preload() -> None:
    """Import what a worker of the enrich stream imports; a failure is left to the worker to report."""
    try:
        import pyarrow.compute
        import pyspark.sql.pandas.serializers  # noqa: F401

        import fink_lib.enrich.science  # noqa: F401  # the registry imports every module and what it uses
    except Exception as problem:  # noqa: BLE001 - the daemon must start whatever happens here
        print(f"python daemon: nothing preloaded: {problem}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one process of several that share the cores
    preload()
    daemon.manager()
