"""How a job of the ``jobs`` folder is started."""

import sys
from pathlib import Path


def job_command(job: Path, *arguments: str) -> list[str]:
    """Return the command that runs a job with this Python.

    The job's own folder is kept off the module path (``-P``): a job called ``statistics`` would otherwise stand
    before the standard library's module of that name.
    """
    return [sys.executable, "-P", str(job), *arguments]
