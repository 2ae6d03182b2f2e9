"""The end of a shadow: its tables and its checkpoint go, the comparison that was made of it stays.

A shadow that was stopped is a reader that lags for ever: while it is there, bronze is not vacuumed.
"""

import logging
import shutil
from pathlib import Path

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.reprocess.shadow import tables_of
from fink_lib.streams.known import streams_in
from fink_lib.streams.runners import runner_of
from fink_lib.streams.spec import StreamSpec

logger = logging.getLogger(__name__)


def shadows(settings: Settings) -> list[StreamSpec]:
    """Return every shadow that has a checkpoint, running or not."""
    return [spec for spec in streams_in(settings.checkpoints, settings) if spec.facts.labelled]


def is_running(spec: StreamSpec) -> bool:
    """Tell whether a driver of the shadow lives."""
    return runner_of(spec.settings).find(spec) is not None


def folders(spec: StreamSpec) -> list[Path]:
    """Return what a shadow has on disk: tables first, so that what is left after a crash is a shadow without them."""
    mine = sorted(tables_of(spec).glob(f"*_{spec.survey}__*")) if tables_of(spec).is_dir() else []
    return [path for path in (*mine, spec.checkpoint.parent, spec.paths.root) if path.is_dir()]


def drop(spec: StreamSpec) -> list[Path]:
    """Remove the tables, the checkpoint and the stream's files of a shadow; return what was removed.

    Raises
    ------
    ConfigError
        When it runs, or there is no such shadow.
    """
    if is_running(spec):
        raise ConfigError(f"shadow {spec.name} runs: stop it first, with `fink shadow stop {spec.label}`")
    gone = folders(spec)
    if not gone:
        raise ConfigError(f"there is no shadow {spec.name} in {spec.settings.home}")
    for path in gone:
        shutil.rmtree(path)
    if tables_of(spec).is_dir() and not any(tables_of(spec).iterdir()):  # another survey may have a shadow of that name
        tables_of(spec).rmdir()
    logger.info("dropped shadow=%s", spec.name)
    return gone
