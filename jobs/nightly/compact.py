"""Compact a night's small files; streams are not disturbed."""

import sys

from fink_lib.nightly import compact
from fink_lib.nightly.job import run_step
from fink_lib.nightly.results import Step

if __name__ == "__main__":
    sys.exit(run_step(Step.COMPACT, compact.run))
