"""The process around a command: ``python -m fink_lib.portal.works.child FOLDER``; it notes how the command ended.

It outlives the portal, so that nothing that was begun is lost when that is started again.
"""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

FINK = Path(sys.executable).with_name("fink")  # of the environment that this runs in
PATIENCE_S = 15.0
OUT, ERR, ENDED, ASKED = "out", "err", "ended.json", "work.json"


def main(folder: Path, longest_s: float) -> int:
    """Run the command of a folder; one that takes too long is ended, with all that it started.

    Parameters
    ----------
    folder
        Of the work, with the command to run; its output and its end are written there.
    longest_s
        Seconds that it may take.

    Returns
    -------
    int
        What the command ended with.
    """
    command = json.loads((folder / ASKED).read_text(encoding="utf-8"))["command"]
    with (folder / OUT).open("wb") as out, (folder / ERR).open("wb") as err:
        process = subprocess.Popen([str(FINK), *command], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   start_new_session=True)  # fmt: skip
        try:
            code = process.wait(longest_s)
        except subprocess.TimeoutExpired:
            code = _ended(process)
            err.write(f"it was ended after {longest_s / 3600:g} hours (FINK_PORTAL_WORK_H)\n".encode())
    scratch = folder / f"{ENDED}.new"
    scratch.write_text(json.dumps({"code": code, "at": time.time()}), encoding="utf-8")
    scratch.replace(folder / ENDED)
    return code


def _ended(process: subprocess.Popen[bytes]) -> int:
    """End a command and its children: asked first, then made to."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE_S)
    return process.wait()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), float(sys.argv[2])))
