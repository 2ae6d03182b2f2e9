"""Where tables lie: a folder of a disk, or a place in an S3-compatible object store that has the same methods."""

from fink_lib.storage.paths import LakePath, on_disk
from fink_lib.storage.store import Store

__all__ = ["LakePath", "Store", "on_disk"]
