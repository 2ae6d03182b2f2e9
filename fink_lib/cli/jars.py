"""`fink jars`."""

from typing import Annotated

import typer

from fink_lib.cli.common import load_settings, note
from fink_lib.errors import ConfigError


def jars(
    sets: Annotated[list[str] | None, typer.Argument(help="spark, kafka; both when not given")] = None,
) -> None:
    """Fetch the pinned jars of Spark and Kafka from Maven Central, once, and check each against its SHA-256.

    With Spark's, the log store of the lake is compiled; its compiler is one more pinned jar.
    """
    from fink_lib.host.class_archive import ensure_class_archive
    from fink_lib.host.jars import SETS, SPARK, ensure_jars
    from fink_lib.host.log_store import ensure_log_store

    unknown = sorted(set(sets or ()) - set(SETS))
    if unknown:
        raise ConfigError(f"unknown set of jars '{unknown[0]}': there are {' and '.join(SETS)}")
    settings = load_settings(any_lake=True)
    ensure_jars(settings.cache, sets or SETS, note)
    if SPARK in (sets or SETS):
        ensure_log_store(settings, note)
        ensure_class_archive(settings, note)
