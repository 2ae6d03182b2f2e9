"""Driver of the ingest stream: Kafka → bronze and quarantine, until it is asked to stop."""

import argparse
import sys
from functools import partial

from fink_lib.config import Settings
from fink_lib.ingest.stream import SPARK_CONF, plan
from fink_lib.streams.loop import run_stream
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import SURVEYS, get_survey


def main(arguments: list[str] | None = None) -> int:
    """Run the stream of one survey; the exit code tells why it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--survey", required=True, choices=sorted(SURVEYS), help="whose alerts to listen to")
    survey = parser.parse_args(arguments).survey
    spec = StreamSpec(survey, Stage.INGEST, Settings())
    return run_stream(spec, partial(plan, survey=get_survey(survey)), SPARK_CONF)


if __name__ == "__main__":
    sys.exit(main())
