"""Driver of the distribute stream: silver to the topics of the filters, and to published."""

import sys
from functools import partial

from fink_lib.config import Settings
from fink_lib.distribute.stream import plan
from fink_lib.distribute.tasks import ONCE
from fink_lib.streams.known import asked_stream
from fink_lib.streams.loop import run_stream
from fink_lib.surveys import get_survey


def main() -> int:
    """Run the stream of one survey until it is asked to stop; the exit code tells why it ended."""
    spec = asked_stream(__doc__, Settings())
    return run_stream(spec, partial(plan, survey=get_survey(spec.survey)), ONCE)


if __name__ == "__main__":
    sys.exit(main())
