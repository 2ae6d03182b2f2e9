"""Load catalogues and bring every night that was matched with them up to date."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from fink_lib.catalogs.sources import CatalogFile, known_files
from fink_lib.config import Settings
from fink_lib.crossmatch.ledger import CatalogVersion, in_force
from fink_lib.crossmatch.load import load_catalog_table
from fink_lib.crossmatch.nights import KEYS, MatchBook
from fink_lib.errors import ConfigError
from fink_lib.surveys import SURVEYS

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


def refresh(session: SparkSession, settings: Settings, names: Sequence[str]) -> list[Refreshed]:
    """Load catalogues whose file is newer than their table, then match again what that changes.

    Whatever is up to date already is left alone: a second call does nothing.
    """
    done = []
    for file in chosen_files(settings, names):
        loaded = load_catalog_table(session, settings, file)
        done.append(Refreshed(loaded.version, loaded.is_new, rematch(session, settings, file.name)))
    return done


def rematch(session: SparkSession, settings: Settings, name: str) -> list[dict[str, Any]]:
    """Match again, where the sky changed, every night that was matched with an older version of a catalogue."""
    version, done = in_force(settings.lake, name), []
    for survey in SURVEYS.values():
        book = MatchBook(session, survey, settings.lake)
        for night in book.matched_nights(name):
            if book.matched_version(name, night) == version.version:
                continue
            silver = session.read.format("delta").load(str(settings.lake / f"silver_{survey.name}__alerts"))
            alerts: DataFrame = silver.where(silver["night"] == night).select(*KEYS)
            found = book.rematch_night(alerts, version, night, f"catalog {name} v{version.version}")
            done.append({"survey": survey.name, "night": night.isoformat(), **found})
    return done
