"""The filters of a survey: every file in the folder of that name holds one, called FILTER."""

import logging
import pkgutil
from collections.abc import Collection, Iterable
from functools import cache
from importlib import import_module

from fink_lib import filters
from fink_lib.errors import ConfigError
from fink_lib.filters.base import Filter

logger = logging.getLogger(__name__)


@cache
def filters_of(survey: str) -> tuple[Filter, ...]:
    """Return the filters of a survey, sorted by name; empty where it has none yet.

    Raises
    ------
    ConfigError
        When a file holds no filter, or one of another name or survey than its place says.
    """
    folders = {module.name for module in pkgutil.iter_modules(filters.__path__) if module.ispkg}
    if survey not in folders:
        return ()
    folder = import_module(f"{filters.__name__}.{survey}")
    return tuple(_load(survey, module.name) for module in sorted(pkgutil.iter_modules(folder.__path__)))


def _load(survey: str, name: str) -> Filter:
    """Import one file and check that what it declares agrees with where it lies."""
    where = f"{filters.__name__}.{survey}.{name}"
    found = getattr(import_module(where), "FILTER", None)
    if not isinstance(found, Filter):
        raise ConfigError(f"{where} holds no filter: give it FILTER = Filter(...)")
    if (found.survey, found.name) != (survey, name):
        raise ConfigError(f"{where} declares filter '{found.name}' of survey '{found.survey}': rename one of them")
    return found


def inputs_of(chosen: Iterable[Filter]) -> tuple[str, ...]:
    """Return every column that some filters read, where it is there or must be; each once, sorted."""
    return tuple(sorted({path for one in chosen for path in (*one.inputs, *one.optional)}))


def active_filters(filters: Iterable[Filter], columns: Collection[str]) -> tuple[Filter, ...]:
    """Return the filters whose inputs are all there; each of the others is named in the log, once.

    Parameters
    ----------
    filters
        Filters of a survey.
    columns
        Columns that there are, as dotted paths.
    """
    found = []
    for one in filters:
        missing = [path for path in one.inputs if path not in columns]
        if missing:
            logger.warning("filter left out filter=%s columns not there: %s", one.name, ", ".join(missing))
        else:
            found.append(one)
    return tuple(found)
