"""Tidy the lake up: remove files that no table needs, old checkpoints and logs; record how every table lies on disk."""

import datetime as dt
import sys

from fink_lib.config import Settings
from fink_lib.maintenance.run import keep_house, sentences
from fink_lib.processes.endings import run_job


def main() -> int:
    """Run once; one sentence on stderr says why it failed."""
    return run_job("vacuum", lambda: sentences(keep_house(Settings(), dt.datetime.now(dt.UTC))))


if __name__ == "__main__":
    sys.exit(main())
