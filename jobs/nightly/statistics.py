"""Count a night at each stage, and how long each stage took."""

import sys

from fink_lib.nightly.job import run_step
from fink_lib.nightly.results import Step
from fink_lib.nightly.statistics import step as statistics

if __name__ == "__main__":
    sys.exit(run_step(Step.STATISTICS, statistics.run))
