"""Tidy the lake up: remove files that no table needs, old checkpoints and logs; record how every table lies on disk."""

import datetime as dt
import logging
import sys

from fink_lib.config import Settings
from fink_lib.errors import FinkError
from fink_lib.maintenance.run import keep_house

EXIT_FAILED = 2


def main() -> int:
    """Run once; one sentence on stderr says why it failed."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    try:
        keep_house(Settings(), dt.datetime.now(dt.UTC))
    except (FinkError, OSError) as error:
        sys.stderr.write(f"vacuum failed: {error}\n")
        return EXIT_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
