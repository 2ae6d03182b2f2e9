"""The pinned jars that a session is built with; what looks at them alone needs no Spark."""

from pathlib import Path

from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.lake.spark.log_store import require_log_store


def spark_jars(jar_dir: Path) -> list[Path]:
    """Return the pinned jars of the runtime folder, sorted.

    Raises
    ------
    HostError
        When the folder holds none: sessions never fetch anything themselves.
    """
    jars = sorted(jar_dir.glob("*.jar"))
    if not jars:
        raise HostError(f"no jars in {jar_dir}: run `fink jars` once to fetch them")
    return jars


def session_jars(settings: Settings) -> list[Path]:
    """Return every jar that a session loads: the pinned ones and our own.

    Raises
    ------
    HostError
        When one is not there.
    """
    return [*spark_jars(settings.spark_jars), require_log_store(settings.built_jars)]
