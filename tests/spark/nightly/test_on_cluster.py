"""A night that Spark matches is the night that one process matches, row by row."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from fink_lib.catalogs.join import Positions, crossmatch, one_by_one
from fink_lib.config import Settings
from fink_lib.nightly.crossmatch import runner
from fink_lib.nightly.job import NightContext
from fink_lib.surveys import ZTF
from tests.unit.catalogs.sky_tables import catalog_table, made_sky, near, put_in_lake

pytestmark = pytest.mark.spark


@pytest.mark.usefixtures("spark")
def test_both_give_the_same_rows(settings: Settings, tmp_path: Path) -> None:
    ra, dec = made_sky(6_000, seed=1)
    here = near(ra[::2], dec[::2], 60.0, seed=2)
    positions = Positions(pa.table({"id": pa.array(range(len(here[0]))), "ra": here[0], "dec": here[1]}))
    catalog = put_in_lake(catalog_table(ra, dec), tmp_path, 11)
    large = settings.model_copy(update={"crossmatch_spark_alerts": positions.rows.num_rows})
    context = NightContext(large, ZTF, dt.date(2021, 11, 22), "run-1")
    chosen = runner(context, positions.rows.num_rows)
    assert chosen is not one_by_one
    alone = crossmatch(positions, ["id"], *catalog, 60.0)
    assert alone.num_rows > 1_000
    assert crossmatch(positions, ["id"], *catalog, 60.0, run=chosen).equals(alone)
    nowhere = Positions(positions.rows.slice(0, 0))
    assert crossmatch(nowhere, ["id"], *catalog, 60.0, run=chosen).num_rows == 0


def test_a_smaller_night_and_any_night_of_plain_settings_needs_no_session(settings: Settings) -> None:
    context = NightContext(settings, ZTF, dt.date(2021, 11, 22), "run-1")
    assert runner(context, 10_000_000) is one_by_one
    large = settings.model_copy(update={"crossmatch_spark_alerts": 1_000})
    assert runner(NightContext(large, ZTF, dt.date(2021, 11, 22), "run-1"), 999) is one_by_one
