"""The match by Spark is the match of astropy, source by source, wherever on the sky."""

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from fink_lib.catalogs.spark.join import crossmatch
from tests.spark.catalogs.sky_tables import catalog_table, made_sky, near

pytestmark = pytest.mark.spark


def matched(spark: SparkSession, catalog: DataFrame, ra: np.ndarray, dec: np.ndarray, radius: float) -> pa.Table:
    rows = pa.table({"id": pa.array(np.arange(len(ra))), "ra": pa.array(ra), "dec": pa.array(dec)})
    with crossmatch(spark.createDataFrame(rows), ["id"], catalog, radius, partitions=4) as found:
        return found.toArrow().sort_by("id")


@pytest.mark.parametrize("radius_arcsec", [1.5, 900.0])
def test_agrees_with_astropy_at_the_poles_and_across_ra_0(spark: SparkSession, radius_arcsec: float) -> None:
    from astropy import units as u
    from astropy.coordinates import SkyCoord

    ra, dec = made_sky(24_000, seed=1)
    close = near(ra[::4], dec[::4], min(radius_arcsec, 30.0) * 1.5, seed=2)
    far = made_sky(3000, seed=3)
    here = np.concatenate([close[0], far[0]]), np.concatenate([close[1], far[1]])
    found = matched(spark, spark.createDataFrame(catalog_table(ra, dec)), *here, radius_arcsec)
    row, angle, _ = SkyCoord(*here, unit=u.deg).match_to_catalog_sky(SkyCoord(ra, dec, unit=u.deg))
    expected = np.flatnonzero(angle.arcsec <= radius_arcsec)
    assert 1000 < len(expected) < len(here[0])
    np.testing.assert_array_equal(found["id"].to_numpy(), expected)
    assert found["source_id"].to_pylist() == [f"S{one}" for one in row[expected]]
    np.testing.assert_allclose(found["separation_arcsec"].to_numpy(), angle.arcsec[expected], atol=1e-6)


def test_a_small_footprint_reads_few_files(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> None:
    ra, dec = made_sky(24_000, seed=4)
    path = str(tmp_path_factory.mktemp("catalog") / "t")
    table = spark.createDataFrame(catalog_table(ra, dec))
    table.repartitionByRange(12, "cell").sortWithinPartitions("cell").write.format("delta").save(path)
    from fink_lib.catalogs.spark.join import _within, footprint, place

    catalog = spark.read.format("delta").load(path)
    rows = pa.table({"id": [0], "ra": pa.array([ra[20_000]]), "dec": pa.array([dec[20_000]])})
    words = footprint(place(spark.createDataFrame(rows), 1.5))
    narrowed = catalog.where(_within(words, 11))
    files = narrowed.selectExpr("input_file_name() AS f").distinct().count()
    assert (len(catalog.inputFiles()), files) == (12, 1)
    assert matched(spark, catalog, ra[20_000:20_001], dec[20_000:20_001], 1.5)["source_id"].to_pylist() == ["S20000"]


def test_no_positions_and_none_on_the_sky(spark: SparkSession) -> None:
    catalog = spark.createDataFrame(catalog_table(*made_sky(240, seed=5)))
    assert matched(spark, catalog, np.empty(0), np.empty(0), 1.5).num_rows == 0
    assert matched(spark, catalog, np.array([np.nan, 5.0]), np.array([0.0, 91.0]), 1.5).num_rows == 0
