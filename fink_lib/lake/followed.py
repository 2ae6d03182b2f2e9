"""A table that is asked again and again: what is known of it is read once, and then what was committed since."""

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from fink_lib.lake.delta import delta_table, renew
from fink_lib.lake.log import newest_version
from fink_lib.storage import LakePath


class Followed:
    """Follows a table.

    Parameters
    ----------
    path
        Its folder.
    """

    def __init__(self, path: LakePath) -> None:
        self._path = path
        self._table: DeltaTable | None = None

    def newest(self) -> DeltaTable:
        """Return the table in its newest version.

        Whether there is a newer one is asked by name: delta-rs lists the whole log, 1 µs an entry.
        """
        try:
            if self._table is not None and self._table.version() != newest_version(self._path):
                renew(self._table)
        except DeltaError:
            self._table = None  # its log was cleaned further than this process has read it
        if self._table is None:
            self._table = delta_table(self._path)
        return self._table
