"""Merge a night into the objects of its survey, and pair them with those of the others."""

import sys

from fink_lib.nightly import objects
from fink_lib.nightly.job import run_step
from fink_lib.nightly.results import Step

if __name__ == "__main__":
    sys.exit(run_step(Step.OBJECTS, objects.run))
