"""`fink jars`."""

from fink_lib.cli.common import load_settings, say


def jars() -> None:
    """Fetch the pinned jars of Spark and Kafka from Maven Central, once, and check each against its SHA-256."""
    from fink_lib.cli.host.jars import ensure_jars

    ensure_jars(load_settings().cache, say=say)
