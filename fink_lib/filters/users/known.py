"""Which columns say that an object is known already, and which of their values are worth a line."""

from collections.abc import Collection, Iterable, Mapping

from fink_lib.filters.users.trial import Known
from fink_lib.science.cases import known_sources, variable_stars
from fink_lib.science.framework.base import NO_MATCH, Role

NOBODY = (NO_MATCH, "", "None", "nan")  # what columns say where there is no source
MOST_VALUES = 12  # of one catalogue
LABEL = "label"


def known_columns(there: Collection[str]) -> dict[str, bool]:
    """Return the columns of catalogues, in order; True where their values are classes and not names of sources."""
    modules = (*known_sources.MODULES, *variable_stars.MODULES)
    outputs = (one for module in modules for one in module.outputs if one.name in there)
    return {one.name: one.role is Role.LABEL for one in outputs if one.role in {Role.LABEL, Role.NAME}}


def told(found: Iterable[Known]) -> tuple[Known, ...]:
    """Return what is worth a line: the most frequent values of each source, in the order of the sources."""
    by_source: dict[str, list[Known]] = {}
    for one in found:
        by_source.setdefault(one.source, []).append(one)
    kept = []
    for source in sorted(by_source):
        kept += sorted(by_source[source], key=lambda one: (-one.objects, one.value))[:MOST_VALUES]
    return tuple(kept)


def of_labels(labels: Mapping[str, str], caught: Mapping[str, bool]) -> list[Known]:
    """Return what becomes of objects with labels.

    Parameters
    ----------
    labels
        Object → its label.
    caught
        Object with alerts in the night → whether one of them was selected.
    """
    found = []
    for value in sorted(set(labels.values())):
        names = sorted(name for name in caught if labels.get(name) == value)
        lost, won = [one for one in names if not caught[one]], [one for one in names if caught[one]]
        if names:
            found.append(Known(LABEL, value, len(names), len(won), next(iter(lost), ""), next(iter(won), "")))
    return found
