"""The driver of distribute, in which one user's filter takes its time whatever the machine."""

import os
import runpy
from dataclasses import replace
from typing import Any

from fink_lib.config import PROJECT_DIR
from fink_lib.distribute import stream

VARIABLE = "SLOW_FILTER"
# No user can write this.
SLEEPS = "length(reflect('java.lang.Thread', 'sleep', 400L)) > 0 AND roid = 2"


def run() -> None:
    """Be the driver."""
    work = stream.runnable

    def slowed(*about: Any) -> list[Any]:
        slow = os.environ[VARIABLE]
        return [(one, replace(how, sql=SLEEPS) if one.name == slow else how) for one, how in work(*about)]

    stream.runnable = slowed  # type: ignore[assignment]
    runpy.run_path(str(PROJECT_DIR / "jobs" / "streaming" / "distribute.py"), run_name="__main__")
