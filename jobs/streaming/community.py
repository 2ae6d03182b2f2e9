"""Carry what people say between Kafka and the lake, until it is asked to end."""

import sys

from fink_lib.community.kafka.service import serve
from fink_lib.config import Settings
from fink_lib.processes.endings import run_job

if __name__ == "__main__":
    sys.exit(run_job("community_topics", lambda: serve(Settings())))
