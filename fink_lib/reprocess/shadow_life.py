"""The end of a shadow: its tables and its checkpoint go, the comparison that was made of it stays.

A shadow that was stopped is a reader that lags for ever: while it is there, bronze is not vacuumed.
"""

import logging
import shutil
from pathlib import Path

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.reprocess.shadow import MARK, ShadowSpec, shadow_spec
from fink_lib.streams.runner import LocalRunner

logger = logging.getLogger(__name__)


def shadows(settings: Settings) -> list[ShadowSpec]:
    """Return every shadow that has a checkpoint, running or not."""
    names = sorted(path.name.split(f".{MARK}", 1) for path in settings.checkpoints.glob(f"*.{MARK}*"))
    return [shadow_spec(settings, survey, label) for survey, label in names]


def is_running(spec: ShadowSpec) -> bool:
    """Tell whether a driver of the shadow lives."""
    return LocalRunner(spec.settings).find(spec) is not None


def folders(spec: ShadowSpec) -> list[Path]:
    """Return what a shadow has on disk: tables first, so that what is left after a crash is a shadow without them."""
    mine = sorted(spec.tables.glob(f"*_{spec.survey}__*")) if spec.tables.is_dir() else []
    return [path for path in (*mine, spec.checkpoint.parent, spec.paths.root) if path.is_dir()]


def drop(spec: ShadowSpec) -> list[Path]:
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
    if spec.tables.is_dir() and not any(spec.tables.iterdir()):  # another survey may have a shadow of that name
        spec.tables.rmdir()
    logger.info("dropped shadow=%s", spec.name)
    return gone
