"""A job that belongs to no night: it leaves its name and arguments behind."""

import sys
from pathlib import Path

from fink_lib.config import Settings


def main() -> int:
    """Write a line down."""
    with (Settings().home / "plain_jobs.log").open("a") as log:
        log.write(" ".join([Path(sys.argv[0]).stem, *sys.argv[1:]]) + "\n")
    return 0
