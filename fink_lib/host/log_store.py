"""The log stores of the lake, compiled when the jars are fetched: see `fink_lib.lake.spark.log_store`."""

import zipfile
from pathlib import Path

from fink_lib.config import Settings
from fink_lib.host.compile import compile_jar
from fink_lib.host.jars import S3, Say, ensure_jars, pyspark_jars
from fink_lib.lake.spark import object_store
from fink_lib.lake.spark.jars import spark_jars
from fink_lib.lake.spark.log_store import CLASS, SOURCE, log_store_jar


def ensure_log_store(settings: Settings, say: Say = print) -> Path:
    """Compile the log store unless it is there for this very source; return its jar.

    Parameters
    ----------
    settings
        Tell where the jars are kept.
    say
        Receives a line for each step.

    Raises
    ------
    HostError
        When Spark's jars are not there, or it cannot be compiled.
    """
    jar = log_store_jar(settings.built_jars)
    if not is_sound(jar):
        compile_jar(SOURCE, class_path(settings), jar, settings.cache, say)
    return jar


def ensure_object_store(settings: Settings, say: Say = print) -> Path:
    """Fetch what Spark needs for an object store, and compile its log store; return the jar of that.

    Parameters
    ----------
    settings
        Tell where the jars are kept.
    say
        Receives a line for each step.

    Raises
    ------
    HostError
        When Spark's jars are not there, these cannot be fetched, or it cannot be compiled.
    """
    ensure_jars(settings.cache, (S3,), say)
    jar = object_store.conditional_store_jar(settings.built_jars)
    if not is_sound(jar, object_store.CLASS):
        compile_jar(object_store.SOURCE, class_path(settings), jar, settings.cache, say)
    return jar


def is_sound(jar: Path, name: str = CLASS) -> bool:
    """Tell whether a jar holds a class, undamaged.

    Parameters
    ----------
    jar, name
        The file, and the class with its package.
    """
    try:
        with zipfile.ZipFile(jar) as packed:
            packed.getinfo(f"{name.replace('.', '/')}.class")
            return packed.testzip() is None
    except (OSError, KeyError, zipfile.BadZipFile):
        return False


def class_path(settings: Settings) -> list[Path]:
    """Return the jars that a log store is compiled and run with: Delta's, and what Spark brings.

    Raises
    ------
    HostError
        When pyspark is not installed, or the pinned jars were not fetched.
    """
    return [*spark_jars(settings.spark_jars), *pyspark_jars()]
