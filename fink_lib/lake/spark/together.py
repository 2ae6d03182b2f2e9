"""Queries of one session, asked at once: of a small night, planning takes longer than reading, and is one thread's."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pyspark import inheritable_thread_target
from pyspark.sql import SparkSession


def together(session: SparkSession, *queries: Callable[[], Any]) -> list[Any]:
    """Run queries in threads of their own.

    Parameters
    ----------
    session
        Whose job group and tags the queries go under.
    queries
        Each asks Spark and returns what it found.

    Returns
    -------
    What they found, in their order.

    Raises
    ------
    Exception
        What the first of them that failed raised, after all have ended.
    """
    with ThreadPoolExecutor(len(queries), thread_name_prefix="query") as threads:
        asked = [threads.submit(inheritable_thread_target(session)(query)) for query in queries]
    return [one.result() for one in asked]
