"""What somebody has before the API is asked at random: a job that has ended, one that waits, and a table."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fink_lib.config import Settings
from fink_lib.served.private import PrivateTable, columns_of
from fink_lib.served.private_store import PrivateTables
from fink_lib.user_jobs.book import FOLDER, Book
from fink_lib.user_jobs.record import RIGHT, Form, Language, State, UserJob
from fink_lib.user_jobs.sandbox.running import LOG, RESULT

ROWS = pa.table({"object_id": ["a", "b"], "n": [1, None], "x": [float("nan"), 1e300], "is_new": [True, None]})


class Kept:
    """Jobs and a table of one person, made anew whenever they are asked for: a request may have ended them.

    Parameters
    ----------
    settings
        Of the home.
    person
        Whose.
    """

    def __init__(self, settings: Settings, person: str) -> None:
        self.settings, self.person = settings, person

    def addresses(self, path: str) -> Iterator[str]:
        """Yield the addresses of a route for what is there; none where it is about something else.

        Parameters
        ----------
        path
            As the document has it, with names in braces.
        """
        if path.startswith("/api/v1/jobs/{name}"):
            shutil.rmtree(self.settings.home / FOLDER, ignore_errors=True)
            for state in (State.DONE, State.QUEUED):
                yield path.format(name=self._job(state))
        if path.startswith("/api/v1/tables/{schema}/{table}"):
            table = self._table()
            yield path.format(schema=table.schema, table=table.name)

    def _job(self, state: State) -> str:
        asked = UserJob("", self.person, Language.SQL, "SELECT 1 AS x", Form.PARQUET, ("ztf",), 0.0, rights=(RIGHT,))
        book = Book(self.settings)
        job = book.add(asked)
        if state is State.DONE:
            (book.folder(job.name) / LOG).write_text("said")
            pq.write_table(ROWS, book.folder(job.name) / f"{RESULT}.parquet")
            book.end(job, state, rows=ROWS.num_rows)
        return job.name

    def _table(self) -> PrivateTable:
        scratch = Path(self.settings.home) / "rows.parquet"
        pq.write_table(ROWS, scratch)
        table = PrivateTable("mine", self.person, columns=columns_of(ROWS.schema), rows=ROWS.num_rows)
        return PrivateTables(self.settings).keep(table, scratch)
