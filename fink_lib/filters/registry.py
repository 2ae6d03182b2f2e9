"""The filters of a survey: every file in the folder of that name, and in ``common``, holds one, called FILTER."""

import logging
import pkgutil
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from functools import cache
from importlib import import_module

from fink_lib import filters
from fink_lib.errors import ConfigError
from fink_lib.filters.base import ANY_SURVEY, Filter
from fink_lib.filters.canonical import bound, feeds
from fink_lib.surveys import SURVEYS, Survey, get_survey

logger = logging.getLogger(__name__)


COMMON = "common"


@cache
def filters_of(survey: str) -> tuple[Filter, ...]:
    """Return the filters of a survey, sorted by name: its own, and the common ones that it offers beside them.

    Raises
    ------
    ConfigError
        When a file holds no filter, or one of another name or survey than its place says.
    """
    if survey not in SURVEYS:
        return ()
    own = {one.name: replace(one, survey=survey) for one in _in_folder(survey)}
    common = {one.name: one for one in _common(get_survey(survey))}
    return tuple(one for _, one in sorted({**common, **own}.items()))


def _common(survey: Survey) -> Iterator[Filter]:
    """Yield the common filters that a survey offers, bound to its packets."""
    offered = survey.knowledge.common_filters
    for one in _in_folder(COMMON):
        if (offered is None or one.name in offered) and feeds(survey.inputs, one):
            yield bound(one, survey.name, survey.inputs)


def _in_folder(folder: str) -> tuple[Filter, ...]:
    """Return the filters of a folder, as their files declare them; empty where there is no such folder."""
    folders = {module.name for module in pkgutil.iter_modules(filters.__path__) if module.ispkg}
    if folder not in folders:
        return ()
    package = import_module(f"{filters.__name__}.{folder}")
    return tuple(_load(folder, module.name) for module in sorted(pkgutil.iter_modules(package.__path__)))


def _load(folder: str, name: str) -> Filter:
    """Import one file and check that what it declares agrees with where it lies."""
    where = f"{filters.__name__}.{folder}.{name}"
    found = getattr(import_module(where), "FILTER", None)
    if not isinstance(found, Filter):
        raise ConfigError(f"{where} holds no filter: give it FILTER = Filter(...)")
    if found.name != name or found.survey not in (ANY_SURVEY, folder):
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
