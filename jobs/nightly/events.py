"""Match the alerts of a night with events that other messengers saw."""

import sys

from fink_lib.nightly import events
from fink_lib.nightly.job import run_step
from fink_lib.nightly.results import Step

if __name__ == "__main__":
    sys.exit(run_step(Step.EVENTS, events.run))
