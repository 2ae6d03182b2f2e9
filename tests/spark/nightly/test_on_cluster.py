"""What Spark's tasks do of a night is what one process does, row by row and file by file."""

import datetime as dt
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from fink_lib.catalogs.join import Positions, crossmatch
from fink_lib.catalogs.parts import match_part
from fink_lib.config import Settings
from fink_lib.lake.digest import table_digest
from fink_lib.lake.versions import Table
from fink_lib.nightly import compact, sky_order
from fink_lib.nightly.job import NightContext
from fink_lib.nightly.on_cluster import OnCluster
from fink_lib.nightly.runners import IN_PROCESS, Runner, runner_of
from fink_lib.nightly.sky_parts import NewFile, make_file
from fink_lib.surveys import ZTF
from fink_lib.surveys.tables import bronze_spec
from fink_lib.testing.nights import NIGHT, bronze_row
from tests.builders.lake_folder import lake_folder
from tests.builders.night_lake import append
from tests.unit.catalogs.sky_tables import catalog_table, made_sky, near, put_in_lake

pytestmark = pytest.mark.spark

FILES, ROWS = 4, 150


@pytest.mark.usefixtures("spark")
def test_both_match_the_same_sources(settings: Settings, tmp_path: Path) -> None:
    ra, dec = made_sky(6_000, seed=1)
    here = near(ra[::2], dec[::2], 60.0, seed=2)
    positions = Positions(pa.table({"id": pa.array(range(len(here[0]))), "ra": here[0], "dec": here[1]}))
    catalog = put_in_lake(catalog_table(ra, dec), tmp_path, 11)
    large = settings.model_copy(update={"nightly_spark_alerts": positions.rows.num_rows})
    chosen = runner_of(large, positions.rows.num_rows)
    assert isinstance(chosen, OnCluster)
    alone = crossmatch(positions, ["id"], *catalog, 60.0)
    assert alone.num_rows > 1_000
    matching = partial(chosen.each, match_part)
    assert crossmatch(positions, ["id"], *catalog, 60.0, run=matching).equals(alone)
    nowhere = Positions(positions.rows.slice(0, 0))
    assert crossmatch(nowhere, ["id"], *catalog, 60.0, run=matching).num_rows == 0


@pytest.fixture
def crowded(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A night of bronze in files that are small, for a machine on which all sizes are."""
    for name, size in (("BATCH_BYTES", 5_000), ("BUCKET_BYTES", 50_000)):
        monkeypatch.setattr(sky_order, name, size)
    monkeypatch.setattr(sky_order, "fewest_files", lambda *_: 3)
    monkeypatch.setattr(compact, "ROW_GROUP_BYTES", 20_000)
    ra, dec = made_sky(FILES * ROWS, seed=3)
    for first in range(0, FILES * ROWS, ROWS):
        rows = [bronze_row(at, ra=float(ra[at]), dec=float(dec[at])) for at in range(first, first + ROWS)]
        path = append(lake_folder(settings), Table.BRONZE, rows)
    return path


def laid_out(path: Path) -> list[pa.Table]:
    """Return the rows of each file, in the order in which they stand."""
    table = DeltaTable(str(path))
    files = [pa.table(one.to_table()) for one in table.to_pyarrow_dataset().get_fragments()]
    return sorted((one.select(["alert_id", "ra", "dec", "head"]) for one in files), key=lambda one: one[0][0].as_py())


@pytest.mark.usefixtures("spark")
def test_both_make_the_same_files_of_a_night(settings: Settings, crowded: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / crowded.name
    shutil.copytree(crowded, other)
    before = table_digest(crowded)
    context = NightContext(settings, ZTF, NIGHT, "run-1")
    compact.run(context)
    large = settings.model_copy(update={"nightly_spark_alerts": FILES * ROWS, "home": tmp_path / "elsewhere"})
    (tmp_path / "elsewhere").mkdir()
    shutil.move(str(other.parent), lake_folder(large))
    compact.run(replace(context, settings=large))
    other = lake_folder(large) / crowded.name
    assert table_digest(crowded) == table_digest(other) == before
    assert laid_out(crowded) == laid_out(other)
    assert len(laid_out(other)) == 3
    assert [path.name for path in other.iterdir() if path.name.startswith(".")] == []


def test_a_smaller_night_and_any_night_of_plain_settings_needs_no_session(settings: Settings) -> None:
    assert runner_of(settings, 10_000_000) is IN_PROCESS
    assert runner_of(settings.model_copy(update={"nightly_spark_alerts": 1_000}), 999) is IN_PROCESS


class _Forgetful:
    """A runner whose worker dies after it has made a file, before it can say so: the part is done again."""

    width = 2

    def each(self, work: object, parts: object) -> object:
        wanted = list(parts)  # type: ignore[call-overload]
        if wanted and isinstance(wanted[0], NewFile):
            make_file(wanted[0])
        return [work(one) for one in wanted]  # type: ignore[operator]


def test_a_part_that_is_done_again_loses_no_row(crowded: Path) -> None:
    before, sizes = table_digest(crowded), compact.partition_files(crowded, NIGHT)
    form = compact.writer_properties(bronze_spec(ZTF), 100)
    runner: Runner = _Forgetful()  # type: ignore[assignment]
    sky_order.compact_night(bronze_spec(ZTF), crowded, dt.date(2021, 11, 22), sizes, form, runner=runner)
    assert table_digest(crowded) == before
    assert compact.partition_files(crowded, NIGHT)["files"] == 3
