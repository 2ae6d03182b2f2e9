"""Settings of one broker, read once from the environment."""

from fink_lib.config.groups.place import PROJECT_DIR
from fink_lib.config.settings import Settings

__all__ = ["PROJECT_DIR", "Settings"]
