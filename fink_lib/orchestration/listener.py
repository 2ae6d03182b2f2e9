"""What Airflow's scheduler does as it starts: it imports the packages that tasks need, before it forks their workers.

A task is a fork of a worker, which is a fork of the scheduler: what this one has imported, no task imports again, nor
does a nightly step, which is a fork of its task. Only packages from outside are imported here: a step reads the library
itself anew, so that after a change of the code none runs what was there when Airflow started.
"""

import sys
from typing import Any

from airflow.listeners import hookimpl

SCHEDULER = "scheduler"  # of the command `airflow scheduler`: when a job is announced, its `job_type` is not set yet


@hookimpl
def on_starting(component: Any) -> None:  # noqa: ARG001 - Airflow's signature
    """Import them: the scheduler is told so before its workers start; in a task nothing is left to be done.

    Parameters
    ----------
    component
        Not used. The scheduler alone forks nightly steps, and has the packages of these too.
    """
    from fink_lib.orchestration import packages  # noqa: F401, PLC0415 - Airflow's server reads this file, and needs none

    if sys.argv[1:2] == [SCHEDULER]:
        from fink_lib.orchestration import step_packages  # noqa: F401, PLC0415 - seconds, which nobody else pays
