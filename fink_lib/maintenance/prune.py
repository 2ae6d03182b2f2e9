"""Remove checkpoints that no stream uses, old logs and tables of people, and what old requests and shadows left."""

import datetime as dt
import logging
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from fink_lib.config import Settings
from fink_lib.errors import BrokerError
from fink_lib.files import JsonObject
from fink_lib.reprocess import shadow_life
from fink_lib.reprocess.expire import expire
from fink_lib.served.private_store import PrivateTables
from fink_lib.served.results.book import ResultTopics
from fink_lib.streams.kinds import KINDS
from fink_lib.streams.spec import StreamSpec
from fink_lib.surveys import SURVEYS

logger = logging.getLogger(__name__)

DAY_S = 86400.0
LOG_FOLDERS = ("airflow/logs",)


def prune(settings: Settings, now: float | None = None) -> JsonObject:
    """Remove what is old; return how much that was.

    Parameters
    ----------
    settings
        The home, and how many days are kept.
    now
        Unix time; the clock's when not given.
    """
    now = time.time() if now is None else now
    limit = now - settings.log_retention_days * DAY_S
    requests = expire(settings, dt.datetime.fromtimestamp(now, dt.UTC))
    shadows = drop_shadows(settings, now - settings.reprocess_retention_days * DAY_S)
    checkpoints = [path for path in unused_checkpoints(settings) if newest(path) < limit]
    logs = [path for path in old_files(settings) if path.stat().st_mtime < limit]
    freed = sum(_bytes(path) for path in (*checkpoints, *logs))
    for path in checkpoints:
        shutil.rmtree(path)
    for path in logs:
        path.unlink(missing_ok=True)
    _remove_empty(settings)
    return {
        "checkpoints": [str(path.relative_to(settings.home)) for path in checkpoints],
        "logs": len(logs),
        "bytes": freed,
        "requests": requests,
        "shadows": shadows,
        "tables": PrivateTables(settings, lambda: now).tidy(),
        "topics": _settled(settings),
    }


def _settled(settings: Settings) -> int:
    """Have Kafka told who may read topics of tables; return how many of those were deleted."""
    if not ResultTopics(settings).is_used:
        return 0
    from fink_lib.served.results.readers import settle_readers  # noqa: PLC0415 - a home without such needs no Kafka

    try:
        return settle_readers(settings)
    except BrokerError as error:
        logger.warning("readers of topics of tables are as they were: %s", error)
        return 0


def drop_shadows(settings: Settings, limit: float) -> list[str]:
    """Drop the shadows that were stopped before a Unix time: each keeps bronze from being vacuumed.

    Parameters
    ----------
    settings
        Of the broker.
    limit
        The Unix time, in seconds; a shadow that runs is never dropped.

    Returns
    -------
    Names of the shadows.
    """
    old = [
        spec
        for spec in shadow_life.shadows(settings)
        if max(map(newest, shadow_life.folders(spec))) < limit and not shadow_life.is_running(spec)
    ]
    for spec in old:
        shadow_life.drop(spec)
    return [spec.name for spec in old]


def unused_checkpoints(settings: Settings) -> list[Path]:
    """Return the checkpoint versions that no stream of this code starts from."""
    live = [kind for kind, facts in KINDS.items() if not facts.labelled]
    used = {StreamSpec(survey, kind, settings).checkpoint for survey in SURVEYS for kind in live}
    known = {path.parent for path in used}
    return sorted(
        path for folder in known if folder.is_dir() for path in folder.iterdir() if path.is_dir() and path not in used
    )


def old_files(settings: Settings) -> Iterator[Path]:
    """Yield every task log, and the driver logs that were put aside; never the log that a driver writes to."""
    for folder in LOG_FOLDERS:
        yield from (path for path in sorted((settings.home / folder).rglob("*")) if path.is_file())
    yield from sorted(settings.streams.glob("*/driver.log.*"))


def newest(folder: Path) -> float:
    """Return when anything in a folder last changed."""
    return max((path.stat().st_mtime for path in (folder, *folder.rglob("*"))), default=0.0)


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _remove_empty(settings: Settings) -> None:
    for folder in LOG_FOLDERS:
        for path in sorted((settings.home / folder).rglob("*"), reverse=True):
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
