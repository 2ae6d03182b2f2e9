"""Settings of one broker, read once from the environment."""

from fink_lib.config.settings import PROJECT_DIR, Settings

__all__ = ["PROJECT_DIR", "Settings"]
