"""Load catalogues and bring the matches of every night up to date."""

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fink_lib.catalogs.join import Positions
from fink_lib.catalogs.load import load_catalog_table
from fink_lib.catalogs.nights import KEYS, MatchBook
from fink_lib.catalogs.sources import CatalogFile, known_files
from fink_lib.catalogs.versions import CatalogVersion, in_force
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.lake.pinned import Pinned
from fink_lib.lake.small import partitions
from fink_lib.lake.versions import Table
from fink_lib.storage import LakePath
from fink_lib.surveys import SURVEYS, Survey
from fink_lib.surveys.tables import night_specs

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refreshed:
    """What became of one catalogue.

    Attributes
    ----------
    version
        The version in force.
    is_new
        True when this refresh loaded it.
    nights
        What was matched again: survey, night, counts and the first flips.
    """

    version: CatalogVersion
    is_new: bool
    nights: list[dict[str, Any]]


def chosen_files(settings: Settings, names: Sequence[str]) -> list[CatalogFile]:
    """Return the files of some catalogues; of all that are known when none is named.

    Parameters
    ----------
    settings
        Name the folder of catalogues.
    names
        Names of catalogues.

    Raises
    ------
    ConfigError
        When a name is unknown.
    """
    known = known_files(settings.catalogs)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigError(f"unknown catalogue {', '.join(unknown)}: there are files of {', '.join(sorted(known))}")
    return [known[name] for name in names or sorted(known)]


def silver_nights(survey: Survey, lake: LakePath) -> list[dt.date]:
    """Return the nights that silver holds, the earliest first.

    Parameters
    ----------
    survey
        Whose.
    lake
        Root folder of the tables.
    """
    parts = partitions(night_specs(survey)[Table.SILVER], lake)
    return sorted(dt.date.fromisoformat(part["night"]) for part in parts)


def refresh(settings: Settings, names: Sequence[str], *, again: bool = False) -> list[Refreshed]:
    """Load catalogues whose file is newer than their table, then match again what that changes.

    Whatever is up to date already is left alone: a second call does nothing, unless ``again`` asks for it.

    Parameters
    ----------
    settings
        Of the broker.
    names
        Names of catalogues; none means all that are known.
    again
        True loads files once more that are in force.
    """
    done = []
    for file in chosen_files(settings, names):
        loaded = load_catalog_table(settings, file, again=again)
        done.append(Refreshed(loaded.version, loaded.is_new, rematch(settings, file.name)))
    return done


def rematch(settings: Settings, name: str) -> list[dict[str, Any]]:
    """Match every night of silver that was not matched with the version of a catalogue in force.

    A night that was matched with an older version is matched again where the sky changed; one that never was, because
    the catalogue is new, in full.

    Parameters
    ----------
    settings
        Of the broker.
    name
        Of the catalogue.

    Returns
    -------
    Survey, night and what was noted of each night that was matched.

    Raises
    ------
    LakeError
        When the catalogue was never loaded.
    """
    version, done = in_force(settings.lake, name), []
    for survey in SURVEYS.values():
        book = MatchBook(survey, settings.lake)
        matched = book.matched.versions(name)
        for night in silver_nights(survey, settings.lake):
            if matched.get(night) == version.version:
                continue
            silver = Pinned.now(night_specs(survey), settings.lake).of_night(Table.SILVER, night)
            alerts = Positions(silver.read(*KEYS))
            found = book.rematch_night(alerts, version, night, f"catalog {name} v{version.version}")
            done.append({"survey": survey.name, "night": night.isoformat(), **found})
    return done
