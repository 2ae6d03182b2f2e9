"""Write a night into the tables made for reading."""

import sys
from functools import partial

from expectations.served import SERVED
from fink_lib.nightly.job import run_step
from fink_lib.nightly.results import Step
from fink_lib.nightly.serve import step as serve
from fink_lib.quality.served import broken_rows

if __name__ == "__main__":
    judged = partial(broken_rows, expected=SERVED)
    sys.exit(run_step(Step.SERVE, partial(serve.run, broken_rows=judged)))
