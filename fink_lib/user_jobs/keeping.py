"""The result of a job as a table of its person, or of one of his groups.

What a job leaves may be any bytes: code in Python wrote them. So a second sandbox, in which nobody's code runs, reads
them and writes the rows anew, with columns of the few types that a table keeps; that file alone is read outside.
"""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from fink_lib.accounts.people import groups_of, rights_of_group
from fink_lib.accounts.store import Store
from fink_lib.api.sql import parquet
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.served.access import beyond_group
from fink_lib.served.private import PrivateTable, columns_of
from fink_lib.served.private_store import MB, PrivateTables
from fink_lib.user_jobs.record import UserJob
from fink_lib.user_jobs.sandbox.inside import DATA
from fink_lib.user_jobs.sandbox.running import RESULT, Code, Ended, Limits, run

FORM, SCRATCH = "table", "table"


def table_of(job: UserJob) -> PrivateTable:
    """Return the table that a job asks for, as far as it is known before it runs."""
    return PrivateTable(job.table, job.person, job.group, title=job.title, job=job.name)


def require_table(settings: Settings, job: UserJob, used: set[str]) -> None:
    """See that a table may be made of the rows that a job is about to see.

    Parameters
    ----------
    settings
        Say where the accounts are, and how much somebody may keep.
    job
        With the table that it asks for.
    used
        What opened its rows.

    Raises
    ------
    ConfigError
        When a group would see rows that not all of its members may see, when the group is gone or the person left it
        since he asked, or there is no room.
    """
    if job.group:
        with Store(settings.home).reading() as accounts:
            if job.group not in groups_of(accounts, job.person):
                raise ConfigError(f"you are no member of the group '{job.group}' any longer: its tables are not yours")
            if beyond := beyond_group(job.group, job.person, used, rights_of_group(accounts, job.group)):
                raise ConfigError(f"its rows are for those with '{beyond[0]}', which the group '{job.group}' has not: "
                                  "let it be `public`, then it sees none of them")  # fmt: skip
    PrivateTables(settings).room(job.person, table_of(job))


def limits_with_table(settings: Settings, job: UserJob, limits: Limits) -> Limits:
    """Return the limits of a job whose result is kept as a table: no more than there is room for.

    Parameters
    ----------
    settings
        Say how much a person may keep.
    job
        Whose result is kept, and under which name.
    limits
        Of any job.
    """
    left = PrivateTables(settings).room(job.person, table_of(job)) // MB
    return replace(limits, result_mb=max(1, min(limits.result_mb, left)))


def keep_result(
    settings: Settings, job: UserJob, folder: Path, limits: Limits, is_cancelled: Callable[[], bool] = lambda: False
) -> Ended:
    """Make a table of the result that lies in the folder of a job; return how writing it anew ended.

    Parameters
    ----------
    settings
        Say where tables are kept.
    job
        With what opened its rows, and the versions that it saw.
    folder
        Where the result lies.
    limits
        Those of the job: writing its rows anew has the same.
    is_cancelled
        Asked all the while, and once more before the table is kept.

    Returns
    -------
    Ended
        Its error says why there is no table.
    """
    place, scratch = f"{DATA}/result.parquet", folder / SCRATCH
    rows = f"SELECT * FROM {parquet([Path(place)])}"  # noqa: S608 - our own path
    scratch.mkdir(exist_ok=True)
    try:
        written = run(scratch, Code("sql", "SELECT * FROM result", FORM, {"result": rows},
                                    {place: folder / f"{RESULT}.parquet"}), limits, is_cancelled)  # fmt: skip
        if written.is_cancelled or is_cancelled():
            return replace(written, is_cancelled=True)
        if written.error or written.rows is None:
            return replace(written, error=f"no table was made of its result: {written.error or 'it left none'}")
        return replace(written, error=_kept(settings, job, scratch / f"{RESULT}.{FORM}", written.rows))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _kept(settings: Settings, job: UserJob, file: Path, rows: int) -> str:
    """Keep rows as the table that a job asks for; return why that cannot be, or an empty text."""
    used = tuple(sorted(set(job.used) - {f"person:{job.person}"}))
    try:
        require_table(settings, job, set(job.used))  # again: who left his group meanwhile gives it nothing
        made = replace(table_of(job), columns=columns_of(pq.read_schema(file)), rows=rows, used=used,
                       versions=job.versions)  # fmt: skip
        PrivateTables(settings).keep(made, file)
    except ConfigError as error:
        return str(error)
    return ""
