"""The result of a job as a table of its person, or of one of his groups.

What a job leaves may be any bytes: code in Python wrote them. So a second sandbox, in which nobody's code runs, reads
them and writes the rows anew, with columns of the few types that a table keeps; that file alone is read outside.
"""

import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from fink_lib.accounts.people import GROUP, require, rights_of_group
from fink_lib.accounts.store import Store
from fink_lib.api.sql import parquet
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.served.access import beyond_group
from fink_lib.served.private import PrivateTable, columns_of
from fink_lib.served.private_store import MB, PrivateTables
from fink_lib.user_jobs.record import UserJob
from fink_lib.user_jobs.sandbox.inside import DATA
from fink_lib.user_jobs.sandbox.running import RESULT, Code, Limits, run

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
        When a group would see rows that not all of its members may see, or there is no room.
    AccountError
        When the group is gone, or the person left it since he asked.
    """
    if job.group:
        with Store(settings.home).reading() as accounts:
            require(accounts, GROUP, job.group)
            if beyond := beyond_group(job.group, job.person, used, rights_of_group(accounts, job.group)):
                raise ConfigError(f"its rows are for those with '{beyond[0]}', which the group '{job.group}' has not: "
                                  "let it be `public`, then it sees none of them")  # fmt: skip
    PrivateTables(settings).room(job.person, table_of(job))


def limits_with_table(settings: Settings, job: UserJob, limits: Limits) -> Limits:
    """Return the limits of a job whose result is kept as a table: no more than there is room for."""
    left = PrivateTables(settings).room(job.person, table_of(job)) // MB
    return replace(limits, result_mb=max(1, min(limits.result_mb, left)))


def keep_result(settings: Settings, job: UserJob, folder: Path, limits: Limits) -> PrivateTable:
    """Make a table of the result that lies in the folder of a job; return it as it is kept.

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

    Raises
    ------
    ConfigError
        When they cannot be a table.
    """
    place, scratch = f"{DATA}/result.parquet", folder / SCRATCH
    rows = f"SELECT * FROM {parquet([Path(place)])}"  # noqa: S608 - our own path
    scratch.mkdir(exist_ok=True)
    try:
        written = run(scratch, Code("sql", "SELECT * FROM result", FORM, {"result": rows},
                                    {place: folder / f"{RESULT}.parquet"}), limits)  # fmt: skip
        if written.error or written.rows is None:
            raise ConfigError(f"no table was made of its result: {written.error or 'it left none'}")
        file = scratch / f"{RESULT}.{FORM}"
        used = tuple(sorted(set(job.used) - {f"person:{job.person}"}))
        made = replace(table_of(job), columns=columns_of(pq.read_schema(file)), rows=written.rows, used=used,
                       versions=job.versions)  # fmt: skip
        return PrivateTables(settings).keep(made, file)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
