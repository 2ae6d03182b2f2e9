"""Becomes ``spark-submit`` for the driver of a stream: its JVM is there first, and starts the driver's Python.

What a JVM must know when it starts is on the command line; all else the driver itself says when it builds its session.
"""

import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from fink_lib.config import Settings
from fink_lib.errors import HostError

AT_START = {
    "spark.driver.memory": "--driver-memory",
    "spark.driver.extraClassPath": "--driver-class-path",
    "spark.driver.extraJavaOptions": "--driver-java-options",
    "spark.jars": "--jars",
}


def spark_submit() -> Path:
    """Return the ``spark-submit`` of ``SPARK_HOME``, or the one inside of pyspark.

    Raises
    ------
    HostError
        When there is none.
    """
    found = importlib.util.find_spec("pyspark")
    homes = [os.environ.get("SPARK_HOME"), *(found.submodule_search_locations or () if found else ())]
    for home in filter(None, homes):
        if (path := Path(home) / "bin" / "spark-submit").is_file():
            return path
    raise HostError("there is no spark-submit: set SPARK_HOME, or FINK_STREAM_RUNNER to local")


def command(settings: Settings, name: str, driver: Sequence[str]) -> list[str]:
    """Return the command line.

    Parameters
    ----------
    settings
        Master, memory and jars.
    name
        Of the stream.
    driver
        File of the driver, and what it is given.
    """
    from fink_lib.lake.spark.session import session_conf  # noqa: PLC0415 - who starts drivers loads no Spark

    memory, options = settings.stream_memory, settings.stream_java_options
    conf = session_conf(name, settings, memory=memory, java_options=options)
    told = [word for key, option in AT_START.items() if conf.get(key) for word in (option, conf[key])]
    return [str(spark_submit()), "--master", settings.spark_master, "--deploy-mode", "client", "--name", name, *told,
            *driver]  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    """Become ``spark-submit``; this process, with its environment, is it from then on."""
    name, *driver = arguments
    words = command(Settings(), name, driver)
    os.environ["PYSPARK_DRIVER_PYTHON"] = os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["PYTHONSAFEPATH"] = "1"  # as `job_command` has it
    os.execv(words[0], words)  # noqa: S606 - it shall be this very process


if __name__ == "__main__":
    main(sys.argv[1:])
