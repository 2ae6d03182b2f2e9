"""`fink jars`."""

from typing import Annotated

import typer

from fink_lib.cli.common import load_settings, note
from fink_lib.errors import ConfigError


def jars(
    sets: Annotated[list[str] | None, typer.Argument(help="spark, kafka, s3; unless given, what is needed")] = None,
) -> None:
    """Fetch the pinned jars of Spark and Kafka from Maven Central, once, and check each against its SHA-256.

    With Spark's, the log store of the lake is compiled; its compiler is one more pinned jar. Those of `s3` are for
    tables in an object store.
    """
    from fink_lib.host.class_archive import ensure_class_archive
    from fink_lib.host.jars import S3, SETS, SPARK, ensure_jars
    from fink_lib.host.log_store import ensure_log_store, ensure_object_store

    unknown = sorted(set(sets or ()) - {*SETS, S3})
    if unknown:
        raise ConfigError(f"unknown set of jars '{unknown[0]}': there are {', '.join(SETS)} and {S3}")
    settings = load_settings(any_lake=True)
    wanted = sets or [*SETS, *([S3] if settings.has_object_store else [])]
    if S3 in wanted and SPARK not in wanted:
        wanted = [SPARK, *wanted]  # its log store is compiled with them
    ensure_jars(settings.cache, wanted, note)
    if SPARK in wanted:
        ensure_log_store(settings, note)
        ensure_class_archive(settings, note)
    if S3 in wanted:
        ensure_object_store(settings, note)
