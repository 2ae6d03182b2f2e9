"""Runs one job: what its person may still see is handed to a sandbox, and how it ended is noted."""

import logging
import shutil
import time
from dataclasses import replace

import pyarrow as pa

from fink_lib.accounts.access_log import note_access
from fink_lib.accounts.asking import asked_by
from fink_lib.api.lake import Lake
from fink_lib.config import Settings
from fink_lib.errors import AccountError, ConfigError, HostError, LakeError
from fink_lib.surveys import get_survey
from fink_lib.user_jobs.book import Book
from fink_lib.user_jobs.keeping import keep_result, limits_with_table, require_table
from fink_lib.user_jobs.people import claims_of_job
from fink_lib.user_jobs.permitted import permitted
from fink_lib.user_jobs.record import State, UserJob
from fink_lib.user_jobs.sandbox.running import HANDED, LOG, RESULT, Code, Ended, Limits, run

logger = logging.getLogger(__name__)

ROWS = "rows"  # folder of the rows that were written out for a job


def limits_of(settings: Settings) -> Limits:
    """Return what one job may have."""
    return Limits(settings.user_jobs_s, settings.user_jobs_memory_mb, settings.user_jobs_result_mb)


def work(settings: Settings, job: UserJob) -> UserJob:
    """Run a job; return it as it ended. What is wrong with the job itself is noted, and raised is only the rest.

    Parameters
    ----------
    settings
        Say where the lake and the jobs are, and what a job may use.
    job
        As `Book.take` returned it; whoever calls holds its lock.

    Returns
    -------
    UserJob
        Done, failed or cancelled; the rows that it was given are removed.
    """
    book, folder = Book(settings), Book(settings).folder(job.name)
    lake = Lake(settings, [get_survey(name) for name in job.surveys])
    try:
        with asked_by(claims_of_job(settings, job)) as asked:
            rows = permitted(lake, job, folder / ROWS)
            if asked.used:
                note_access(settings.home, asked, time.time(), f"/jobs/{job.name}", 200)
        for old in (folder / LOG, *folder.glob(f"{RESULT}.*")):  # of a run that was ended: of other rights, perhaps
            old.unlink(missing_ok=True)
        job, limits = book.change(job.name, versions=rows.versions, used=tuple(sorted(asked.used))), limits_of(settings)
        if job.table:
            require_table(settings, job, asked.used)
            limits = limits_with_table(settings, job, limits)
        code = Code(job.language, job.code, job.form, rows.views, rows.files)
        ended = run(folder, code, limits, lambda: book.is_cancelled(job.name))
    except (AccountError, ConfigError, LakeError) as error:
        return book.end(job, State.FAILED, error=str(error))
    finally:
        lake.close()
        for name in (ROWS, HANDED):
            shutil.rmtree(folder / name, ignore_errors=True)
    if job.table and not ended.error and not ended.is_cancelled:
        ended = _kept(settings, job, ended, limits)
    state = State.CANCELLED if ended.is_cancelled else State.FAILED if ended.error else State.DONE
    return book.end(job, state, rows=ended.rows, error=ended.error, seconds=ended.seconds)


def _kept(settings: Settings, job: UserJob, ended: Ended, limits: Limits) -> Ended:
    """Make a table of what a job has left; return how both ended. The result itself stays."""
    if ended.rows is None:
        return replace(ended, error="it left no result, so that there is no table")
    book = Book(settings)
    try:
        written = keep_result(settings, job, book.folder(job.name), limits, lambda: book.is_cancelled(job.name))
    except (HostError, OSError, pa.ArrowException) as error:  # raised, it would have the code run once more
        logger.exception("job %s: no table was made of its result", job.name)
        return replace(ended, error=f"no table was made of its result: {type(error).__name__}, try again later")
    return replace(written, rows=ended.rows, seconds=ended.seconds + written.seconds)
