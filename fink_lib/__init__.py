"""The broker's library: everything that can be wrong. Nothing here imports from dags/ or jobs/."""

from importlib.metadata import version

__version__ = version("fink-lake")
