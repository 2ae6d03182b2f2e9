"""Run by the code of v0.1.0, whose names it uses: every table that it knows is made, empty, in a folder."""

import sys
from pathlib import Path

from fink_lib.lake.small import ensure_small
from fink_lib.maintenance.run import known_specs


def main(lake: Path) -> None:
    for spec in known_specs(lake):
        ensure_small(spec, lake)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
