"""The stage `distribute` without Spark."""

import sys
from pathlib import Path

from fink_lib.streams.spec import Stage

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from quiet_driver import run_quiet

sys.exit(run_quiet(Stage.DISTRIBUTE))
