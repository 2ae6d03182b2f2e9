"""Who looked at rows that are not public: a line of JSON a request, for good, readable by its owner alone."""

import json
import os
from pathlib import Path

from fink_lib.accounts.asking import Asking
from fink_lib.accounts.store import FOLDER

NAME = "access.jsonl"


def note_access(home: Path, asked: Asking, at: float, address: str, status: int) -> None:
    """Append a line: when, who, by which session or token, with which rights, what was asked, and the answer's status.

    Parameters
    ----------
    home, asked
        Where, and who asked.
    at
        Seconds since 1970.
    address
        Path and query of the request.
    status
        HTTP status of the answer.
    """
    claims = asked.claims
    line = {"at": at, "person": claims.person, "via": claims.via, "key": claims.key[:10], "rights": sorted(asked.used),
            "asked": address, "status": status}  # fmt: skip
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(folder / NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, (json.dumps(line) + "\n").encode())
    finally:
        os.close(handle)
