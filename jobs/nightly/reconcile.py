"""Reconcile a night: compute its equations, store them, and stop the chain when one does not hold."""

import sys

from fink_lib.nightly.job import run_step
from fink_lib.nightly.reconcile import step as reconcile
from fink_lib.nightly.results import Step

if __name__ == "__main__":
    sys.exit(run_step(Step.RECONCILE, reconcile.run))
