"""Judge a night's bronze and silver rows; stop the chain when a critical expectation fails."""

import sys
from functools import partial

from expectations.suites import SUITES
from fink_lib.nightly.job import run_step
from fink_lib.nightly.results import Step
from fink_lib.quality import step as quality

if __name__ == "__main__":
    sys.exit(run_step(Step.QUALITY, partial(quality.run, suites=SUITES)))
