"""The job of the DAG `user_jobs`: run what is next."""

import argparse
from collections.abc import Iterator, Sequence

from fink_lib.config import Settings
from fink_lib.lake.formats import require_current_lake
from fink_lib.processes.endings import run_job
from fink_lib.storage import on_disk
from fink_lib.user_jobs.book import Book
from fink_lib.user_jobs.working import work


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the job; return an exit code, after one sentence on stderr when it fails."""
    parser = argparse.ArgumentParser(prog="jobs/on_demand/user_jobs.py", description=__doc__)
    parser.add_argument("--run", required=True, help="the run of Airflow that asks")
    asked = parser.parse_args(arguments)
    return run_job("user_jobs", lambda: sentences(Settings(), asked.run))


def sentences(settings: Settings, run: str) -> Iterator[str]:
    """Run the job whose turn it is; say which, and how it ended.

    Parameters
    ----------
    settings
        Say where the lake and the jobs are.
    run
        The run of Airflow that asks: a job that it had begun is begun anew.
    """
    lake = on_disk(settings.lake, "a job of a person")
    if lake.is_dir():
        require_current_lake(lake)
    taken = Book(settings).take(run)
    if taken is None:
        yield "no job waits"
        return
    job, lock = taken
    try:
        ended = work(settings, job)
    finally:
        lock.release()
    # Not its error: that is its person's, and may have rows in it that few may see
    yield f"job {ended.name} of {ended.person}: {ended.state}, rows {ended.rows}, {ended.seconds:.1f} s"
