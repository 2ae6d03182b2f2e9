"""Driver of the distribute stream: silver to the topics of the filters, and to published."""

import argparse
import sys

from fink_lib.config import Settings
from fink_lib.distribute.stream import plan
from fink_lib.streaming.loop import run_stream
from fink_lib.streaming.spec import Stage, StreamSpec
from fink_lib.surveys import SURVEYS


def main() -> int:
    """Run the stream of one survey until it is asked to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--survey", required=True, choices=sorted(SURVEYS))
    survey = parser.parse_args().survey
    return run_stream(StreamSpec(survey, Stage.DISTRIBUTE, Settings()), plan)


if __name__ == "__main__":
    sys.exit(main())
