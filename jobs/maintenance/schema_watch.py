"""Ask the registries of the surveys for schemas that are newer than the code, and say what they change."""

import sys

from fink_lib.config import Settings
from fink_lib.maintenance.schema_watch import watch
from fink_lib.processes.endings import run_job

if __name__ == "__main__":
    sys.exit(run_job("schema_watch", lambda: watch(Settings())))
