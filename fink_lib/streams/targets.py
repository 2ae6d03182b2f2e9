"""Where Prometheus learns whom to ask: a folder of target files (``file_sd_configs``)."""

from pathlib import Path

from fink_lib.config import Settings


def targets_dir(settings: Settings) -> Path:
    """Return the folder of the target files of a home."""
    return settings.home / "metrics" / "targets"
