"""The matches of a night: made in full when the night is closed, and where the sky changed when a catalogue did."""

import datetime as dt
import json
import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.catalogs.cells import CHANGE_ORDER, covering_cells
from fink_lib.catalogs.flips import Flips, flips_of
from fink_lib.catalogs.join import Positions, Runner, crossmatch, one_by_one
from fink_lib.catalogs.matched import OF_FLIPS, MatchedNights
from fink_lib.catalogs.versions import CatalogVersion, catalog_versions
from fink_lib.lake.small import exchange_rows
from fink_lib.lake.tables.catalogs import gold_catalog, gold_crossmatch
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey

logger = logging.getLogger(__name__)

KEYS = ("night", "alert_id", "object_id", "ra", "dec")


@dataclass(frozen=True)
class MatchBook:
    """The matches of a survey in one lake.

    Attributes
    ----------
    survey, lake
        Where the tables are.
    run
        Who matches the parts of a catalogue.
    """

    survey: Survey
    lake: LakePath
    run: Runner = one_by_one

    @property
    def matched(self) -> MatchedNights:
        """Which nights were matched with which version."""
        return MatchedNights(self.survey, self.lake)

    def match_night(self, alerts: Positions, version: CatalogVersion, night: dt.date, run_id: str) -> dict[str, Any]:
        """Match all alerts of a night with a catalogue, replacing what there was; the same matches are not written.

        Where that was the match with another version, what flipped is told.

        Parameters
        ----------
        alerts
            `KEYS`; each alert once.
        version
            The version of the catalogue.
        night
            Their night.
        run_id
            The run that this is part of.
        """
        before = self.matched.version(version.name, night)
        if before == version.version:
            before = None
        fresh = self._found(alerts, version)
        old, new = exchange_rows(gold_crossmatch(self.survey.name), self.lake, _where(version, night), lambda _: fresh)
        flips = Flips() if before is None else flips_of(old, fresh)
        counts = {"from_version": before, "alerts": alerts.rows.num_rows, "matches": new.num_rows}
        return self._note(version, night, run_id, counts, flips)

    def rematch_night(self, alerts: Positions, version: CatalogVersion, night: dt.date, run_id: str) -> dict[str, Any]:
        """Match again the alerts of a night that lie where the catalogue changed; tell which matches flipped.

        The other alerts keep the match they have, which is that of the new version too. With another radius, all
        alerts are matched again.

        Parameters
        ----------
        alerts
            All alerts of the night, with the columns of `KEYS`.
        version
            Of the catalogue.
        night
            Of the alerts.
        run_id
            What matched them, as the table notes it.

        Returns
        -------
        What was noted of the night; nothing where it was matched with this very version.
        """
        before = self.matched.version(version.name, night)
        cells = self.changed_since(version, before)
        if before is None or cells is None:
            return self.match_night(alerts, version, night, run_id)
        if before == version.version:
            return {}
        touched = Positions(touching(alerts.rows, cells, version.radius_arcsec))
        fresh, ids = self._found(touched, version), touched.rows["alert_id"]

        def exchanged(old: pa.Table) -> pa.Table:
            kept = old.filter(pc.invert(pc.is_in(old["alert_id"], ids)))
            return pa.concat_tables([self._rows(kept.drop_columns(["catalog", "catalog_version"]), version), fresh])

        old, new = exchange_rows(gold_crossmatch(self.survey.name), self.lake, _where(version, night), exchanged)
        flips = flips_of(old.filter(pc.is_in(old["alert_id"], ids)), fresh)
        counts = {"from_version": before, "alerts": touched.rows.num_rows, "matches": new.num_rows}
        return self._note(version, night, run_id, counts, flips)

    def changed_since(self, version: CatalogVersion, before: int | None) -> list[int] | None:
        """Return the cells that changed since a version; None when that is all of them.

        Parameters
        ----------
        version
            The version that is wanted.
        before
            Number of the version that was matched last; None where none was.

        Returns
        -------
        Cells of `CHANGE_ORDER`, sorted.
        """
        if before is None:
            return None
        steps = [one for one in catalog_versions(self.lake, version.name) if before < one.version <= version.version]
        if any(one.changed_cells is None for one in steps):
            return None
        return sorted({cell for one in steps for cell in one.changed_cells or ()})

    def _found(self, alerts: Positions, version: CatalogVersion) -> pa.Table:
        table = gold_catalog(version.name).path(self.lake)
        at, radius = version.delta_version, version.radius_arcsec
        return self._rows(crossmatch(alerts, KEYS, table, at, radius, run=self.run), version)

    def _rows(self, found: pa.Table, version: CatalogVersion) -> pa.Table:
        """Return matches in the columns of the table of matches."""
        schema = gold_crossmatch(self.survey.name).plain_schema
        told = {"catalog": version.name, "catalog_version": version.version}
        for name, value in told.items():
            found = found.append_column(name, pa.repeat(value, found.num_rows))
        return found.select(schema.names).cast(schema)

    def _note(
        self, version: CatalogVersion, night: dt.date, run_id: str, counts: dict[str, Any], flips: Flips
    ) -> dict[str, Any]:
        """Note down that the night is matched; this comes last, so that a crash before it matches again."""
        facts = {"catalog": version.name, "catalog_version": version.version, **counts}
        kept = self.matched.record(facts, flips, night, run_id)
        logger.info("night=%s catalog=%s v%d matched=%d", night, version.name, version.version, facts["matches"])
        return {**facts, **{name: kept[name] for name in OF_FLIPS}, "flipped": json.loads(kept["flipped"])}


def touching(alerts: pa.Table, cells: list[int], radius_arcsec: float) -> pa.Table:
    """Return the alerts whose circle touches one of some cells (of `CHANGE_ORDER`).

    Parameters
    ----------
    alerts
        With ``ra`` and ``dec`` in degrees.
    cells
        Which.
    radius_arcsec
        Of the circles.
    """
    ra, dec = (alerts[name].to_numpy() for name in ("ra", "dec"))
    owner, cell = covering_cells(ra, dec, radius_arcsec, CHANGE_ORDER)
    chosen = np.zeros(alerts.num_rows, dtype=bool)
    chosen[owner[np.isin(cell, np.array(cells, dtype=np.int64))]] = True
    return alerts.filter(pa.array(chosen))


def _where(version: CatalogVersion, night: dt.date) -> dict[str, str]:
    return {"night": night.isoformat(), "catalog": version.name}
