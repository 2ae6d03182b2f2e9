"""The matches of a night: made in full when the night is closed, and where the sky changed when a catalogue did."""

import datetime as dt
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyspark.sql.functions as F
from pyspark.sql import DataFrame, SparkSession

from fink_lib.catalogs.cells import CHANGE_ORDER, covering_cells
from fink_lib.catalogs.matched import OF_FLIPS, MatchedNights
from fink_lib.catalogs.spark.flips import Flips, flips_of
from fink_lib.catalogs.spark.join import crossmatch
from fink_lib.catalogs.versions import CatalogVersion, catalog_versions
from fink_lib.lake.spark.table import ensure_table, read_table
from fink_lib.lake.tables.catalogs import gold_catalog, gold_crossmatch
from fink_lib.surveys import Survey

logger = logging.getLogger(__name__)

KEYS = ("night", "alert_id", "object_id", "ra", "dec")
# A night of a million alerts in the parts of one match; more only cost.
PARTITIONS = 8


@dataclass(frozen=True)
class MatchBook:
    """The matches of a survey in one lake.

    Attributes
    ----------
    session, survey, lake
        Where the tables are, and what reads them.
    """

    session: SparkSession
    survey: Survey
    lake: Path

    @property
    def matched(self) -> MatchedNights:
        """Which nights were matched with which version."""
        return MatchedNights(self.survey, self.lake)

    def match_night(self, alerts: DataFrame, version: CatalogVersion, night: dt.date, run_id: str) -> dict[str, Any]:
        """Match all alerts of a night with a catalogue, replacing what there was.

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
        with crossmatch(alerts, KEYS, self._catalog(version), version.radius_arcsec, partitions=PARTITIONS) as found:
            rows = self._rows(found, version)
            if before is None:
                self._replace(rows, version.name, night)
                flips = Flips()
            else:
                flips = self._exchange(rows, version.name, night)
        return self._note(version, night, run_id, alerts=alerts.count(), from_version=before, flips=flips)

    def _exchange(self, rows: DataFrame, catalog: str, night: dt.date) -> Flips:
        """Replace all matches of a night by those of another version; tell what flipped."""
        fresh, old = rows.persist(), self.matches(catalog, night)
        try:
            flips = flips_of(old, fresh)
            self._replace(fresh, catalog, night)
        finally:
            fresh.unpersist()
        return flips

    def rematch_night(self, alerts: DataFrame, version: CatalogVersion, night: dt.date, run_id: str) -> dict[str, Any]:
        """Match again the alerts of a night that lie where the catalogue changed; tell which matches flipped.

        The other alerts keep the match they have, which is that of the new version too. With another radius, all
        alerts are matched again.
        """
        before = self.matched.version(version.name, night)
        cells = self.changed_since(version, before)
        if before is None or cells is None:
            return self.match_night(alerts, version, night, run_id)
        if before == version.version:
            return {}
        old = self.matches(version.name, night).persist()
        try:
            return self._rematch(alerts, old, version, (night, before, run_id), cells)
        finally:
            old.unpersist()

    def _rematch(
        self,
        alerts: DataFrame,
        old: DataFrame,
        version: CatalogVersion,
        at: tuple[dt.date, int, str],
        cells: list[int],
    ) -> dict[str, Any]:
        night, before, run_id = at
        touched = alerts.mapInArrow(_touching(cells, version.radius_arcsec), alerts.schema).persist()
        try:
            with crossmatch(
                touched, KEYS, self._catalog(version), version.radius_arcsec, partitions=PARTITIONS
            ) as found:
                fresh = self._rows(found, version).persist()
                ids = touched.select("alert_id")
                flips = flips_of(old.join(ids, "alert_id", "left_semi"), fresh)
                kept = self._rows(old.join(ids, "alert_id", "left_anti").select(*found.columns), version)
                # The old rows are read from the very table that is replaced: Delta reads the version before.
                self._replace(kept.unionByName(fresh), version.name, night)
                fresh.unpersist()
            return self._note(version, night, run_id, alerts=touched.count(), from_version=before, flips=flips)
        finally:
            touched.unpersist()

    def matches(self, catalog: str, night: dt.date) -> DataFrame:
        """Return the matches in force of a night with a catalogue."""
        rows = read_table(gold_crossmatch(self.survey.name), self.session, self.lake)
        return rows.where((F.col("night") == F.lit(night)) & (F.col("catalog") == catalog))

    def changed_since(self, version: CatalogVersion, before: int | None) -> list[int] | None:
        """Return the cells that changed since a version; None when that is all of them."""
        if before is None:
            return None
        steps = [one for one in catalog_versions(self.lake, version.name) if before < one.version <= version.version]
        if any(one.changed_cells is None for one in steps):
            return None
        return sorted({cell for one in steps for cell in one.changed_cells or ()})

    def _catalog(self, version: CatalogVersion) -> DataFrame:
        return read_table(gold_catalog(version.name), self.session, self.lake, version.delta_version)

    def _rows(self, found: DataFrame, version: CatalogVersion) -> DataFrame:
        """Return matches in the columns of the table of matches."""
        told = {"catalog": F.lit(version.name), "catalog_version": F.lit(version.version)}
        return found.withColumns(told).select(*gold_crossmatch(self.survey.name).schema.names)

    def _replace(self, rows: DataFrame, catalog: str, night: dt.date) -> None:
        path = ensure_table(gold_crossmatch(self.survey.name), self.session, self.lake)
        where = f"night = DATE'{night.isoformat()}' AND catalog = '{catalog}'"
        ordered = rows.coalesce(1).sortWithinPartitions("alert_id")
        ordered.write.format("delta").mode("overwrite").option("replaceWhere", where).save(str(path))

    def _note(
        self,
        version: CatalogVersion,
        night: dt.date,
        run_id: str,
        *,
        alerts: int,
        from_version: int | None,
        flips: Flips,
    ) -> dict[str, Any]:
        """Note down that the night is matched; this comes last, so that a crash before it matches again."""
        facts = {
            "catalog": version.name,
            "catalog_version": version.version,
            "from_version": from_version,
            "alerts": alerts,
            "matches": self.matches(version.name, night).count(),
        }
        kept = self.matched.record(facts, flips, night, run_id)
        logger.info("night=%s catalog=%s v%d matched=%d", night, version.name, version.version, facts["matches"])
        return {**facts, **{name: kept[name] for name in OF_FLIPS}, "flipped": json.loads(kept["flipped"])}


def _touching(cells: list[int], radius_arcsec: float) -> Any:
    """Return the function for `mapInArrow` that keeps positions whose circle touches one of some cells."""
    wanted = np.array(cells, dtype=np.int64)

    def keep(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            ra, dec = (batch.column(name).to_numpy(zero_copy_only=False) for name in ("ra", "dec"))
            owner, cell = covering_cells(ra, dec, radius_arcsec, CHANGE_ORDER)
            chosen = np.zeros(batch.num_rows, dtype=bool)
            chosen[owner[np.isin(cell, wanted)]] = True
            yield batch.filter(pa.array(chosen))

    return keep
