"""Match the alerts of a night with the catalogues in the lake."""

import sys
from functools import partial

from expectations.crossmatch import MATCHES
from fink_lib.nightly import crossmatch
from fink_lib.nightly.job import run_step
from fink_lib.nightly.results import Step
from fink_lib.quality.matches import broken_matches

if __name__ == "__main__":
    judged = partial(broken_matches, expected=MATCHES)
    sys.exit(run_step(Step.CROSSMATCH, partial(crossmatch.run, broken_matches=judged)))
