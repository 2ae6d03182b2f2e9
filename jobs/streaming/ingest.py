"""Driver of the ingest stream: Kafka → bronze and quarantine, until it is asked to stop."""

import argparse
import sys

from fink_lib.config import Settings
from fink_lib.ingest.stream import plan
from fink_lib.streaming.loop import run_stream
from fink_lib.streaming.spec import Stage, StreamSpec
from fink_lib.surveys import SURVEYS


def main(arguments: list[str] | None = None) -> int:
    """Run the stream of one survey; the exit code tells why it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--survey", required=True, choices=sorted(SURVEYS), help="whose alerts to listen to")
    survey = parser.parse_args(arguments).survey
    return run_stream(StreamSpec(survey, Stage.INGEST, Settings()), plan)


if __name__ == "__main__":
    sys.exit(main())
