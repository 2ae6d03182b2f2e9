"""A bound on the time of Spark jobs: what exceeds it is cancelled, and the session lives on."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

AGAIN_S = 0.5  # a block may start another job after the first one was cancelled


class OverTime(Exception):
    """The jobs of a block took longer than they may."""


@contextmanager
def time_limit(session: SparkSession, seconds: float) -> Iterator[None]:
    """Cancel the Spark jobs that this thread starts in the block, once it has lasted too long.

    Parameters
    ----------
    session
        Whose jobs.
    seconds
        How long it may last.

    Raises
    ------
    OverTime
        When a job was cancelled for it.
    """
    context, tag = session.sparkContext, f"limit-{uuid.uuid4().hex}"
    over, done = threading.Event(), threading.Event()

    def watch() -> None:
        wait_s = seconds
        while not done.wait(wait_s):
            over.set()
            context.cancelJobsWithTag(tag)
            wait_s = AGAIN_S

    watcher = threading.Thread(target=watch, name=tag, daemon=True)
    context.addJobTag(tag)
    watcher.start()
    try:
        yield
    except Exception as error:
        if over.is_set():
            raise OverTime(f"cancelled after {seconds:.1f} s") from error
        raise
    finally:
        done.set()
        watcher.join()
        context.removeJobTag(tag)
