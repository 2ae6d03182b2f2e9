"""Catalogues as versions: the same file changes nothing, a new one re-matches only where the sky changed."""

import datetime as dt
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession

from expectations.suites import SUITES
from fink_lib.catalogs.cells import CHANGE_ORDER, cells_of, covering_cells
from fink_lib.catalogs.sources import known_files
from fink_lib.catalogs.spark import flips, nights
from fink_lib.catalogs.spark.job import sentences
from fink_lib.catalogs.spark.load import load_catalog_table
from fink_lib.catalogs.spark.nights import KEYS, MatchBook
from fink_lib.catalogs.spark.refresh import refresh
from fink_lib.catalogs.versions import catalog_versions, in_force
from fink_lib.cli.catalogs import overview
from fink_lib.config import Settings
from fink_lib.lake.small import read_rows
from fink_lib.lake.tables.catalogs import gold_crossmatched
from fink_lib.nightly import crossmatch
from fink_lib.nightly.job import NightContext
from fink_lib.quality.matches import broken_matches
from fink_lib.surveys import ZTF
from fink_lib.testing.nights import NIGHT, silver_row
from tests.spark.catalogs.sky_tables import made_sky, near

pytestmark = pytest.mark.spark
ALERTS = 300
RA, DEC = made_sky(1200, seed=1)


@pytest.fixture
def lake(settings: Settings, tmp_path: Path, spark: SparkSession) -> Settings:
    """300 alerts in silver, each beside a source of catalogue `stars`, whose file is in a folder."""
    from fink_lib.lake.spark.table import ensure_table, spark_schema
    from fink_lib.lake.versions import Table
    from fink_lib.surveys.tables import night_specs

    folder = tmp_path / "files"
    folder.mkdir()
    ra, dec = near(RA[:ALERTS], DEC[:ALERTS], 1.0, seed=2)
    rows = [silver_row(row, ra=float(ra[row]), dec=float(dec[row])) for row in range(ALERTS)]
    spec = night_specs(ZTF)[Table.SILVER]
    path = ensure_table(spec, spark, settings.lake)
    names = {fld.name for fld in spec.schema}
    kept = [{name: value for name, value in row.items() if name in names} for row in rows]
    spark.createDataFrame(kept, spark_schema(spec)).coalesce(1).write.format("delta").mode("append").save(str(path))
    return settings.model_copy(update={"catalogs": folder})


def write_stars(settings: Settings, drop: tuple[int, ...] = (), relabel: tuple[int, ...] = (), **told: float) -> None:
    labels = np.where(np.arange(len(RA)) % 2 == 0, "EW", "RRAB").astype(object)
    labels[list(relabel)] = "CV"
    keep = np.setdiff1d(np.arange(len(RA)), drop)
    columns = {"name": [f"S{row}" for row in keep], "ra": RA[keep], "dec": DEC[keep], "label": list(labels[keep])}
    assert settings.catalogs is not None
    pq.write_table(pa.table(columns), settings.catalogs / "stars.parquet")
    (settings.catalogs / "stars.json").write_text(json.dumps({"source_id": "name", "version": f"{len(drop)}", **told}))


def close(spark: SparkSession, settings: Settings) -> dict[str, Any]:
    context = NightContext(settings, ZTF, NIGHT, "run-1")
    context.__dict__["session"] = spark
    outcome = crossmatch.run(context, partial(broken_matches, expected=SUITES.matches))
    assert outcome.failure is None
    return outcome.result


def matches(spark: SparkSession, settings: Settings) -> list[Any]:
    return spark.read.format("delta").load(str(settings.lake / "gold_ztf__crossmatch")).orderBy("alert_id").collect()


def test_the_same_file_changes_nothing_and_a_new_one_tells_where_the_sky_changed(
    spark: SparkSession, lake: Settings
) -> None:
    write_stars(lake)
    first = load_catalog_table(spark, lake, known_files(lake.catalogs)["stars"])
    assert (first.is_new, first.version.version, first.version.rows, first.version.changed_cells) == (
        True,
        1,
        1200,
        None,
    )
    (row,) = [row for row in overview(lake, dt.datetime.now(dt.UTC) + dt.timedelta(days=3)) if row["name"] == "stars"]
    assert (row["state"], row["rows"], row["age_days"], row["source_version"]) == ("loaded", 1200, 3.0, "0")
    again = load_catalog_table(spark, lake, known_files(lake.catalogs)["stars"])
    assert (again.is_new, again.version) == (False, first.version)
    assert [one.version for one in catalog_versions(lake.lake)] == [1]
    write_stars(lake, drop=(900,), relabel=(1000,))
    (row,) = [row for row in overview(lake, dt.datetime.now(dt.UTC)) if row["name"] == "stars"]
    assert row["state"] == "newer file"
    second = load_catalog_table(spark, lake, known_files(lake.catalogs)["stars"])
    changed = sorted(set(cells_of(RA[[900, 1000]], DEC[[900, 1000]], CHANGE_ORDER).tolist()))
    assert (second.version.version, second.version.changed_cells) == (2, changed)
    # The version before can still be read.
    old = spark.read.format("delta").option("versionAsOf", first.version.delta_version)
    assert old.load(str(lake.lake / "gold__catalog_stars")).count() == 1200


def test_a_night_is_matched_and_a_new_version_flips_what_it_must(
    spark: SparkSession, lake: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert close(spark, lake)["catalogs"] == []
    write_stars(lake, drop=(3,))
    (first,) = refresh(spark, lake, ["stars"])
    (past,) = first.nights  # a catalogue that is new reaches the nights that were closed without it
    rows = matches(spark, lake)
    assert (past["alerts"], past["matches"], past["from_version"], past["gained"]) == (ALERTS, len(rows), None, 0)
    assert sentences(first)[1:] == [f"  ztf {NIGHT}: {ALERTS} alerts matched: {len(rows)} have a source"]
    (told,) = close(spark, lake)["catalogs"]
    assert (told["alerts"], told["matches"]) == (ALERTS, len(rows))
    by_source = {row.source_id: row for row in rows}
    assert "S3" not in by_source
    assert by_source["S5"].object_id == "ZTF21aaaaaaf"
    assert by_source["S5"].separation_arcsec < 1.0
    close(spark, lake)
    assert matches(spark, lake) == rows  # closing again replaces the night

    write_stars(lake, drop=(4,), relabel=(100, 200))
    seen: list[int] = []
    monkeypatch.setattr(nights, "crossmatch", _counting(nights.crossmatch, seen))
    (refreshed,) = refresh(spark, lake, ["stars"])
    monkeypatch.undo()
    (night,) = refreshed.nights
    flips = {(flip["kind"], flip["alert_id"] - 1_000_000) for flip in night["flipped"]}
    lost, gained = by_source["S4"].alert_id - 1_000_000, 3
    assert {("lost", lost), ("gained", gained), ("changed", 100), ("changed", 200)} == flips
    assert (night["gained"], night["lost"], night["changed"], night["from_version"]) == (1, 1, 2, 1)
    expected = _touched(lake)
    assert seen == [expected] == [night["alerts"]]
    assert sentences(refreshed)[1].endswith(f"{expected} alerts matched again: 1 gained, 1 lost, 2 changed")
    assert 4 <= expected < ALERTS  # only the cells that changed were matched again
    after, noted = matches(spark, lake), kept_rows(lake)
    for _ in range(2):
        (again,) = close(spark, lake)["catalogs"]
        assert (again["lost"], again["changed"], len(again["flipped"])) == (1, 2, 4)  # what the version changed stands
    assert matches(spark, lake) == after  # as if all of it had been matched
    assert {row.catalog_version for row in after} == {2}
    assert refresh(spark, lake, ["stars"])[0].nights == []
    assert kept_rows(lake) == noted  # three runs leave what one leaves
    assert [(row["catalog_version"], row["from_version"], row["lost"]) for row in noted] == [(1, None, 0), (2, 1, 1)]


def kept_rows(settings: Settings) -> list[dict[str, Any]]:
    return sorted(read_rows(gold_crossmatched(ZTF.name), settings.lake), key=lambda row: row["catalog_version"])


def test_another_radius_tells_what_flips(spark: SparkSession, lake: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    write_stars(lake)
    refresh(spark, lake, ["stars"])
    before = {row.alert_id: row.separation_arcsec for row in matches(spark, lake)}
    lost = sorted(alert for alert, separation in before.items() if separation > 0.3)
    assert 10 < len(lost) < len(before)
    write_stars(lake, radius_arcsec=0.3)
    monkeypatch.setattr(flips, "NAMED_AT_MOST", 10)
    (refreshed,) = refresh(spark, lake, ["stars"])
    (night,) = refreshed.nights
    assert (night["from_version"], night["alerts"], night["matches"]) == (1, ALERTS, len(before) - len(lost))
    assert (night["gained"], night["lost"], night["changed"]) == (0, len(lost), 0)
    assert [flip["alert_id"] for flip in night["flipped"]] == lost[:10]  # examples; all of them are counted
    assert night["flipped"][0]["before"]["label"] in {"EW", "RRAB"}
    assert night["flipped"][0]["after"] is None


def _counting(real: Any, seen: list[int]) -> Any:
    def counted(positions: DataFrame, *arguments: Any, **options: Any) -> Any:
        seen.append(positions.count())
        return real(positions, *arguments, **options)

    return counted


def _touched(settings: Settings) -> int:
    """Alerts whose circle touches a cell that changed, counted here from the positions."""
    ra, dec = near(RA[:ALERTS], DEC[:ALERTS], 1.0, seed=2)
    owner, cell = covering_cells(ra, dec, 1.5, CHANGE_ORDER)
    return len(np.unique(owner[np.isin(cell, in_force(settings.lake, "stars").changed_cells)]))


def test_a_crash_before_the_version_is_noted_leaves_the_one_before_in_force(
    spark: SparkSession, lake: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fink_lib.catalogs.spark import load

    write_stars(lake)
    file = known_files(lake.catalogs)["stars"]
    first = load_catalog_table(spark, lake, file).version
    write_stars(lake, drop=(1, 2))
    with monkeypatch.context() as patch:
        patch.setattr(load, "record_version", lambda *_: (_ for _ in ()).throw(RuntimeError("killed")))
        with pytest.raises(RuntimeError, match="killed"):
            load_catalog_table(spark, lake, known_files(lake.catalogs)["stars"])
    assert in_force(lake.lake, "stars") == first
    book = MatchBook(spark, ZTF, lake.lake)
    assert book._catalog(first).count() == 1200
    silver = spark.read.format("delta").load(str(lake.lake / "silver_ztf__alerts")).select(*KEYS)
    told = book.match_night(silver, first, NIGHT, "run-1")
    second = load_catalog_table(spark, lake, known_files(lake.catalogs)["stars"]).version
    assert (second.version, second.rows) == (2, 1198)
    found = book.rematch_night(silver, second, NIGHT, "run-2")
    assert (found["lost"], found["matches"]) == (2, told["matches"] - 2)
