"""Runs promote and undo, each in a fork that has everything imported; one that is told a number dies at that write.

A write is whatever changes the disk: a file that gets its name, a commit of a table. Dying before the next write is
dying after the one before it, so that the numbers from 1 on are all moments there are.
"""

import datetime as dt
import itertools
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from deltalake.table import TableAlterer

from fink_lib.config import Settings
from fink_lib.lake import events, small
from fink_lib.reprocess import promote
from fink_lib.reprocess.folder import RequestFolder

DIED_AT = "died_at"
WRITES = (
    (Path, "replace"),
    (Path, "rename"),
    (Path, "hardlink_to"),
    (DeltaTable, "create"),
    (DeltaTable, "create_write_transaction"),
    (TableAlterer, "set_table_properties"),
    (TableAlterer, "add_columns"),
    (events, "write_deltalake"),
    (small, "write_deltalake"),
)
ACTIONS: dict[str, Callable[[RequestFolder, promote.Person], Any]] = {"promote": promote.promote, "undo": promote.undo}
PERSON = promote.Person("vera", "a stricter cut", dt.datetime(2026, 1, 1, tzinfo=dt.UTC))


def main() -> None:
    """Read lines of home, request, action and number; answer each with what its process ended with."""
    for line in sys.stdin:
        home, request_id, action, number = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _be(RequestFolder(Settings(home=Path(home)), request_id), action, number)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)  # noqa: T201 - its answer


def _be(folder: RequestFolder, action: str, number: int) -> None:
    code = 1
    try:
        if number:
            _die_at(number, folder.settings.home / DIED_AT)
        ACTIONS[action](folder, PERSON)
        code = 0
    except BaseException:  # noqa: BLE001 - told to the test, which reads the log
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _die_at(number: int, told: Path) -> None:
    """Count all writes together; before the one of this number, say which it is and die."""
    count = itertools.count(1)

    def counted(name: str, write: Callable[..., Any]) -> Callable[..., Any]:
        def writes(*arguments: Any, **named: Any) -> Any:
            if next(count) == number:
                told.write_text(Path(arguments[-1]).name if name == "replace" else name)
                os.kill(os.getpid(), signal.SIGKILL)
            return write(*arguments, **named)

        return writes

    for owner, name in WRITES:
        wrapped = counted(name, getattr(owner, name))
        setattr(owner, name, staticmethod(wrapped) if name == "create" else wrapped)


if __name__ == "__main__":
    main()
