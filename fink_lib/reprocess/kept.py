"""What must stay on disk for a decision: files of candidates, and those that a promotion replaced, for its undo.

They lie in the folders of the live tables, whose logs do not name them. Our vacuum passes them over by name. Others may
vacuum a table too, Spark say: the table itself asks them to wait, by its retention, from the first promotion on.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from deltalake.exceptions import CommitFailedError

from fink_lib.config import Settings
from fink_lib.lake.swap import NightFile
from fink_lib.reprocess.folder import RequestFolder, listed
from fink_lib.reprocess.tables import REPLACED, candidate_path, open_table, table_path

RETENTION = "delta.deletedFileRetentionDuration"
TRIES = 20
PROMOTION = "promotion"  # what a promotion notes down before its first commit


@dataclass(frozen=True)
class KeptFiles:
    """Files of a live table that its log need not name.

    Attributes
    ----------
    folders
        Folders of candidates, in that of the table.
    replaced
        Files that promotions replaced.
    """

    folders: frozenset[str]
    replaced: frozenset[str]

    @classmethod
    def of(cls, settings: Settings, path: Path) -> "KeptFiles":
        """Look at what each request needs of a table.

        Parameters
        ----------
        settings
            Of the broker.
        path
            Folder of the live table.
        """
        wanted = list(_wanted(settings, path))
        return cls(frozenset(folder for folder, _ in wanted), frozenset(name for _, names in wanted for name in names))

    def __contains__(self, name: str) -> bool:
        """Tell whether a file, by its path in the table's folder, must stay."""
        return name in self.replaced or name.partition("/")[0] in self.folders


def raise_retention(settings: Settings, path: Path) -> None:
    """Have a table keep the files that a promotion is about to replace for as long as it can be undone.

    It is asked once and not taken back: a stream that writes the table at the moment of a change has to start over.

    Parameters
    ----------
    settings
        Tell for how many days a promotion can be undone.
    path
        Folder of the live table.

    Raises
    ------
    CommitFailedError
        When streams come first `TRIES` times in a row.
    """
    wanted = f"interval {math.ceil(settings.reprocess_retention_days) + 1} days"
    for left in reversed(range(TRIES)):
        table = open_table(path)
        if table.metadata().configuration.get(RETENTION) == wanted:
            return
        try:
            table.alter.set_table_properties({RETENTION: wanted})
        except CommitFailedError:  # a stream was first
            if not left:
                raise


def _wanted(settings: Settings, path: Path) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield, of each request whose candidate or promotion is kept, its folder and the files that it replaced."""
    for request in listed(settings):
        if not request.candidate.exists():
            continue
        for table in REPLACED:
            survey = request.request().survey
            if table_path(settings, survey, table) == path:
                folder = candidate_path(settings, survey, table, request.request_id)
                yield folder.name, replaced_files(request, str(table))


def replaced_files(request: RequestFolder, table: str) -> frozenset[str]:
    """Return the names of the files that a promotion replaced; none before it began.

    Parameters
    ----------
    request
        The request, whatever its state.
    table
        Short name, ``silver`` or ``rejected``.

    Returns
    -------
    Paths relative to the folder of the live table.
    """
    begun = request.read(PROMOTION) if request.has(PROMOTION) else {}
    files = [NightFile.from_json(one) for one in begun.get(table, {}).get("files", ())]
    return frozenset(unquote(file.path) for file in files)
