"""Spark on an object store: our own log store for the scheme ``s3a``, its jar, and how Hadoop reaches the store."""

from pathlib import Path

from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.lake.object_store import SCHEMES
from fink_lib.lake.spark.log_store import compiled_name

SOURCE = Path(__file__).parent / "java" / "ConditionalLogStore.java"
CLASS = "fink.lake.ConditionalLogStore"
CREDENTIALS = "software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider"
FETCH = "run `fink jars s3` once to fetch them"


def conditional_store_jar(folder: Path) -> Path:
    """Return where the compiled log store of object stores lies, in the folder of what is compiled."""
    return folder / compiled_name("fink-conditional-log-store", SOURCE)


def hadoop_conf(settings: Settings) -> dict[str, str]:
    """Return how Hadoop reaches the store; executors take the credentials from their own environment."""
    conf = {
        "fs.s3a.endpoint.region": settings.store.region,
        "fs.s3a.path.style.access": str(settings.s3_path_style).lower(),
        "fs.s3a.aws.credentials.provider": CREDENTIALS,
        "fs.s3a.fast.upload.buffer": "bytebuffer",  # a commit touches no disk
    }
    if settings.s3_endpoint:
        conf["fs.s3a.endpoint"] = settings.s3_endpoint
        conf["fs.s3a.connection.ssl.enabled"] = str(settings.s3_endpoint.startswith("https://")).lower()
    return conf


def object_store_conf(settings: Settings) -> dict[str, str]:
    """Return what a session is built with for tables at ``s3a://``; nothing where there is no object store."""
    if not settings.has_object_store:
        return {}
    hadoop = {f"spark.hadoop.{key}": value for key, value in hadoop_conf(settings).items()}
    both = {f"spark.delta.logStore.{scheme}.impl": CLASS for scheme in SCHEMES}
    return {**hadoop, "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem", **both}


def object_store_jars(settings: Settings) -> list[Path]:
    """Return the jars that a session loads for an object store, none where there is none.

    Raises
    ------
    HostError
        When one is not there.
    """
    if not settings.has_object_store:
        return []
    fetched, compiled = sorted(settings.s3_jars.glob("*.jar")), conditional_store_jar(settings.built_jars)
    if not fetched or not compiled.is_file():
        raise HostError(f"no jars of the object store in {settings.s3_jars}: {FETCH}")
    return [*fetched, compiled]
