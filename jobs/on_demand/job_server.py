"""The server of short Spark jobs; started by whoever has one, or by `fink up`."""

import argparse
import sys
from pathlib import Path

from fink_lib.config import Settings
from fink_lib.distribute.trial import TRIAL
from fink_lib.job_server.spark.server import serve
from fink_lib.processes.endings import log_to_stderr
from fink_lib.reprocess.job import CANDIDATE
from fink_lib.transfer.main import TRANSFER

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="jobs/on_demand/job_server.py", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="where it listens")
    parser.add_argument("--ahead", action="store_true", help="nobody waits for it: do a little before the first job")
    asked = parser.parse_args()
    log_to_stderr()
    sys.exit(serve(Settings(), [TRIAL, TRANSFER, CANDIDATE], asked.socket, ahead=asked.ahead))
