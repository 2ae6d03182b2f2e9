"""The broker's library: everything that can be wrong. Nothing here imports from dags/ or jobs/."""

from importlib.metadata import version

from fink_lib.moved import install as _install

__version__ = version("fink-lake")
_install()
