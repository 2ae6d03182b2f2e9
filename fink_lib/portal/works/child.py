"""The process around a command: ``python -m fink_lib.portal.works.child FOLDER``; it notes how the command ended.

It outlives the portal, so that nothing that was begun is lost when that is started again.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

FINK = Path(sys.executable).with_name("fink")  # of the environment that this runs in
OUT, ERR, ENDED, ASKED = "out", "err", "ended.json", "work.json"


def main(folder: Path) -> int:
    """Run the command of a folder."""
    command = json.loads((folder / ASKED).read_text(encoding="utf-8"))["command"]
    with (folder / OUT).open("wb") as out, (folder / ERR).open("wb") as err:
        code = subprocess.run([str(FINK), *command], stdin=subprocess.DEVNULL,
                              stdout=out, stderr=err, check=False).returncode  # fmt: skip
    scratch = folder / f"{ENDED}.new"
    scratch.write_text(json.dumps({"code": code, "at": time.time()}), encoding="utf-8")
    scratch.replace(folder / ENDED)
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
