"""Driver of a shadow of the enrich stream: the code of this checkout, into tables of its own."""

import os
import sys
from functools import partial
from pathlib import Path

# This checkout's code, in this process and in Spark's Python workers, whatever the one that started it runs.
ROOT = str(Path(__file__).resolve().parents[2])
sys.path.insert(0, ROOT)
os.environ["PYTHONPATH"] = ROOT

from fink_lib.config import Settings  # noqa: E402 - after the path is set
from fink_lib.reprocess.shadow import plan  # noqa: E402
from fink_lib.streams.known import asked_stream  # noqa: E402
from fink_lib.streams.loop import run_stream  # noqa: E402
from fink_lib.surveys import get_survey  # noqa: E402


def main() -> int:
    """Run the shadow of one survey until it is asked to stop."""
    spec = asked_stream(__doc__, Settings())
    return run_stream(spec, partial(plan, survey=get_survey(spec.survey)))


if __name__ == "__main__":
    sys.exit(main())
