"""Match the alerts of a night with the catalogues in the lake."""

import sys

from fink_lib.nightly import crossmatch
from fink_lib.nightly.job import run_step
from fink_lib.nightly.results import Step

if __name__ == "__main__":
    sys.exit(run_step(Step.CROSSMATCH, crossmatch.run))
