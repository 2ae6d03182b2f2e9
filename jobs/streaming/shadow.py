"""Driver of a shadow of the enrich stream: the code of this checkout, into tables of its own."""

import argparse
import os
import sys
from functools import partial
from pathlib import Path

# This checkout's code, in this process and in Spark's Python workers, whatever the one that started it runs.
ROOT = str(Path(__file__).resolve().parents[2])
sys.path.insert(0, ROOT)
os.environ["PYTHONPATH"] = ROOT

from fink_lib.config import Settings  # noqa: E402 - after the path is set
from fink_lib.enrich.stream import SPARK_CONF  # noqa: E402
from fink_lib.reprocess.shadow import plan, shadow_spec  # noqa: E402
from fink_lib.streams.loop import run_stream  # noqa: E402
from fink_lib.surveys import SURVEYS, get_survey  # noqa: E402


def main() -> int:
    """Run the shadow of one survey until it is asked to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--survey", required=True, choices=sorted(SURVEYS))
    parser.add_argument("--label", required=True, help="name of the shadow")
    chosen = parser.parse_args()
    spec = shadow_spec(Settings(), chosen.survey, chosen.label)
    return run_stream(spec, partial(plan, survey=get_survey(chosen.survey)), SPARK_CONF)


if __name__ == "__main__":
    sys.exit(main())
