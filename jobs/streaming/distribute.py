"""Driver of the distribute stream: silver to the topics of the filters, and to published."""

import argparse
import sys
from functools import partial

from fink_lib.config import Settings
from fink_lib.distribute.stream import SPARK_CONF, plan
from fink_lib.streams.loop import run_stream
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import SURVEYS, get_survey


def main() -> int:
    """Run the stream of one survey until it is asked to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--survey", required=True, choices=sorted(SURVEYS))
    survey = parser.parse_args().survey
    spec = StreamSpec(survey, Stage.DISTRIBUTE, Settings())
    return run_stream(spec, partial(plan, survey=get_survey(survey)), SPARK_CONF)


if __name__ == "__main__":
    sys.exit(main())
