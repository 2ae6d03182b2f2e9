"""Judge a night's bronze and silver rows; stop the chain when a critical expectation fails."""

import sys

from fink_lib.nightly import quality
from fink_lib.nightly.job import run_step
from fink_lib.nightly.results import Step

if __name__ == "__main__":
    sys.exit(run_step(Step.QUALITY, quality.run))
