"""Jobs for tests of the server, and a checkout whose server knows them."""

import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.files import JsonObject
from fink_lib.job_server.kinds import Kind

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

WAIT_S = 60.0
SERVER = """
import sys
from pathlib import Path

from fink_lib.config import Settings
from fink_lib.job_server.spark.server import serve
from fink_lib.processes.endings import log_to_stderr
from tests.spark.job_server.planted_jobs import KINDS

if __name__ == "__main__":
    log_to_stderr()
    sys.exit(serve(Settings(), KINDS, Path(sys.argv[1].removeprefix("--socket=")), ahead=False))
"""


def write_server(project: Path, comment: str = "") -> None:
    """Put the server's entry into a checkout."""
    job = project / "jobs" / "on_demand" / "job_server.py"
    job.parent.mkdir(parents=True, exist_ok=True)
    job.write_text(f"{SERVER}{comment}")


def count(session: "SparkSession", _settings: Settings, asked: JsonObject) -> JsonObject:
    """Count the rows of a view of this job, after another job has begun where one is waited for."""
    session.range(asked["rows"]).createOrReplaceTempView("mine")
    session.conf.set("spark.sql.ansi.enabled", asked["ansi"])
    _begin_together(asked)
    logging.getLogger("fink_lib.planted").warning("counts %d rows", asked["rows"])
    return {
        "rows": session.table("mine").count(),
        "ansi": session.conf.get("spark.sql.ansi.enabled"),
        "application": session.sparkContext.applicationId,
        "pid": os.getpid(),
        "active": list(session.sparkContext.statusTracker().getActiveJobsIds()),
    }


def _begin_together(asked: JsonObject) -> None:
    if "here" not in asked:
        return
    Path(asked["here"]).touch()
    end = time.monotonic() + WAIT_S
    while not Path(asked["there"]).exists():
        if time.monotonic() > end:
            raise TimeoutError(f"{asked['there']} did not begin")
        time.sleep(0.02)


def sleep(session: "SparkSession", _settings: Settings, asked: JsonObject) -> JsonObject:
    """Keep Spark busy for a minute."""
    Path(asked["here"]).write_text(str(os.getpid()))
    session.range(1).selectExpr("java_method('java.lang.Thread', 'sleep', 60000L)").collect()
    return {}


def fail(_session: "SparkSession", settings: Settings, asked: JsonObject) -> JsonObject:
    """Fail by an error of the broker, or by another one."""
    if asked["known"]:
        raise ConfigError(f"quota {settings.transfer_quota} is too small")
    raise FileNotFoundError("No space left on device")


def _nothing(_settings: Settings, asked: JsonObject) -> None:
    if asked.get("refused"):
        raise ConfigError("refused before Spark")


KINDS = [Kind(one.__name__, lambda run=one: run, _nothing) for one in (count, sleep, fail)]  # type: ignore[misc]
COUNT, SLEEP, FAIL = KINDS
