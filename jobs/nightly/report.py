"""Draw the night's report: one HTML page and the same numbers as JSON."""

import sys

from fink_lib.nightly.job import run_step
from fink_lib.nightly.report import step as report
from fink_lib.nightly.results import Step

if __name__ == "__main__":
    sys.exit(run_step(Step.REPORT, report.run))
