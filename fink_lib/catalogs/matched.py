"""The table of matched nights: one row a night and version of a catalogue, the same however often it is matched."""

import datetime as dt
import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.catalogs.flips import Flips
from fink_lib.lake.small import partitions, read_rows, replace_rows
from fink_lib.lake.tables.catalogs import gold_crossmatched
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey

# What a row says of the flips; a full match of the same version again finds none and leaves it
OF_FLIPS = ("from_version", "gained", "lost", "changed", "flipped")


class MatchedNights:
    """Reads and replaces rows of `gold_<survey>__crossmatched`.

    Parameters
    ----------
    survey, lake
        Where the table is.
    """

    def __init__(self, survey: Survey, lake: LakePath) -> None:
        self._spec = gold_crossmatched(survey.name)
        self._lake = lake

    def version(self, catalog: str, night: dt.date) -> int | None:
        """Return the version that a night was last matched with, None when it never was.

        Parameters
        ----------
        catalog
            Name of the catalogue.
        night
            Of the alerts.
        """
        rows = self._rows(catalog, night)
        return int(max(rows, key=lambda row: row["matched_at"])["catalog_version"]) if rows else None

    def versions(self, catalog: str) -> dict[dt.date, int]:
        """Return the version that each night was last matched with, of those that ever were."""
        columns = ["night", "catalog_version", "matched_at"]
        rows = read_rows(self._spec, self._lake, pc.field("catalog") == catalog, columns)
        ordered = sorted(rows, key=lambda row: row["matched_at"])
        return {row["night"]: int(row["catalog_version"]) for row in ordered}

    def before(self, night: dt.date) -> dict[str, int] | None:
        """Return the version of each catalogue that the last matched night before one was matched with."""
        parts = {dt.date.fromisoformat(part["night"]) for part in partitions(self._spec, self._lake)}
        last = max((one for one in parts if one < night), default=None)
        if last is None:
            return None
        rows = read_rows(self._spec, self._lake, pc.field("night") == pa.scalar(last))
        ordered = sorted(rows, key=lambda row: row["matched_at"])
        return {row["catalog"]: int(row["catalog_version"]) for row in ordered}

    def record(self, facts: dict[str, Any], flips: Flips, night: dt.date, run_id: str) -> dict[str, Any]:
        """Note that a night is matched with a version, in place of what was noted of the two; return what is kept.

        Where the matches are as many as they were, nothing is written: a retry or another run leaves what one leaves.
        What flipped when the version came is kept by a later match of the same version.

        Parameters
        ----------
        facts
            ``catalog``, ``catalog_version``, ``from_version``, ``alerts``, ``matches``.
        flips
            What the version changed.
        night, run_id
            The night, and the run that this is part of.
        """
        rows = self._rows(facts["catalog"], night)
        others = [row for row in rows if row["catalog_version"] != facts["catalog_version"]]
        last = next((row for row in rows if row["catalog_version"] == facts["catalog_version"]), None)
        told = {**flips.counts, "flipped": json.dumps(flips.named, sort_keys=True)}
        row = {**facts, **told, "night": night, "run_id": run_id, "matched_at": dt.datetime.now(dt.UTC)}
        if last is not None and facts["from_version"] is None:
            row |= {name: last[name] for name in OF_FLIPS}
        if last is not None and self.version(facts["catalog"], night) == facts["catalog_version"]:
            fewer = last["from_version"] is not None  # then `alerts` are those of the cells that changed
            if row["matches"] == last["matches"] and (fewer or row["alerts"] == last["alerts"]):
                return last
        where = {"night": night.isoformat(), "catalog": facts["catalog"]}
        replace_rows(self._spec, self._lake, [*others, row], where)
        return row

    def _rows(self, catalog: str, night: dt.date) -> list[dict[str, Any]]:
        mine = (pc.field("night") == pa.scalar(night)) & (pc.field("catalog") == catalog)
        return read_rows(self._spec, self._lake, mine)
