"""The lake of a home whose tables lie in a folder, as those of tests do."""

from pathlib import Path

from fink_lib.config import Settings
from fink_lib.storage import on_disk


def lake_folder(settings: Settings) -> Path:
    """Return the lake as a folder of this host; a store, which a test cannot look into, is refused."""
    return on_disk(settings.lake, "a test")
