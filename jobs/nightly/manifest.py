"""Write the night's manifest and close the night, or say why it stays open."""

import sys

from fink_lib.nightly import manifest
from fink_lib.nightly.job import run_step
from fink_lib.nightly.results import Step

if __name__ == "__main__":
    sys.exit(run_step(Step.MANIFEST, manifest.run))
