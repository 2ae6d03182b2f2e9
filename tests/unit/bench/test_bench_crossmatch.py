"""The crossmatch benchmark makes what it says, and its check against astropy can fail."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from fink_lib.bench import made_sky
from fink_lib.bench.crossmatch import RADIUS_ARCSEC, CrossmatchReport, compare
from fink_lib.bench.queries import QueryReport
from fink_lib.catalogs import build_index
from fink_lib.cli.main import build_app


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Forty thousand sources in pieces of fifteen thousand, and eight thousand positions."""
    monkeypatch.setattr(made_sky, "PIECE_ROWS", 15_000)
    made_sky.write_catalog(tmp_path / "catalog.parquet", 40_000, seed=1)
    made_sky.write_positions(tmp_path / "positions.parquet", 8_000, 40_000, seed=1)
    return tmp_path


def matched(home: Path) -> pa.Table:
    """The matches, by the index that needs no Spark."""
    sources, here = pq.read_table(home / "catalog.parquet"), pq.read_table(home / "positions.parquet")
    index = build_index(sources["ra"].to_numpy(), sources["dec"].to_numpy())
    rows, _ = index.nearest(here["ra"].to_numpy(), here["dec"].to_numpy(), RADIUS_ARCSEC)
    found = np.flatnonzero(rows >= 0)
    return pa.table({"id": found, "source_id": sources["source_id"].take(pa.array(rows[found]))})


def test_half_of_the_positions_lie_by_a_source(made: Path) -> None:
    sources, here = pq.read_table(made / "catalog.parquet"), pq.read_table(made / "positions.parquet")
    assert (sources.num_rows, here.num_rows) == (40_000, 8_000)
    assert here["id"].to_pylist() == list(range(8_000))
    assert len(set(sources["source_id"].to_pylist())) == 40_000
    assert 1700 < matched(made).num_rows < 2300  # a quarter: half of them within 3 arcsec, half of those within 1.5


def test_the_same_seed_makes_the_same_sky(made: Path, tmp_path: Path) -> None:
    made_sky.write_positions(tmp_path / "again.parquet", 8_000, 40_000, seed=1)
    assert pq.read_table(tmp_path / "again.parquet").equals(pq.read_table(made / "positions.parquet"))
    made_sky.write_positions(tmp_path / "other.parquet", 8_000, 40_000, seed=2)
    assert not pq.read_table(tmp_path / "other.parquet").equals(pq.read_table(made / "positions.parquet"))


def test_the_check_finds_no_difference_where_there_is_none_and_one_where_there_is(made: Path) -> None:
    right = matched(made)
    write_deltalake(str(made / "matches"), right)
    checked, differ = compare(made)
    assert checked > 20
    assert differ == 0
    here = pq.read_table(made / "positions.parquet").to_pandas()
    difficult = here[np.minimum(here.ra, 360 - here.ra) < 0.5].id.to_numpy()
    gone = np.intersect1d(difficult, right["id"].to_numpy())[0]
    write_deltalake(str(made / "matches"), right.filter(pa.array(right["id"].to_numpy() != gone)), mode="overwrite")
    assert compare(made) == (checked, 1)


def test_a_report_tells_ratio_and_pairs() -> None:
    report = CrossmatchReport(1.5, "2g", "local[2]", 20, 9, 1.0, 2.0, 5.0, 900.0, positions=100, catalog_rows=1000)
    assert report.ratio == 2.5
    assert report.pairs_per_s == 20_000
    assert '"what": "crossmatch"' in report.as_json()


@pytest.mark.parametrize(("checked", "differ", "code"), [(500, 0, 0), (500, 1, 1), (0, 0, 1)])
def test_a_disagreement_with_astropy_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, checked: int, differ: int, code: int
) -> None:
    report = CrossmatchReport(1.5, "2g", "local[2]", 20, 9, 1.0, 2.0, 5.0, 900.0, checked=checked, disagreeing=differ)
    monkeypatch.setattr("fink_lib.bench.crossmatch.run_crossmatch", lambda *_: report)
    kept = tmp_path / "figures.json"
    done = CliRunner().invoke(build_app(["bench"]), ["bench", "crossmatch", "--json", str(kept)])
    assert done.exit_code == code
    assert f'"disagreeing": {differ}' in kept.read_text()
    assert ("than astropy finds" in done.output) == bool(code)


@pytest.mark.parametrize(("cone", "code"), [(7.5, 0), (4.9, 1)])
def test_compaction_that_is_not_worth_it_is_a_failure(monkeypatch: pytest.MonkeyPatch, cone: float, code: int) -> None:
    files, seconds = {"before": 800, "after": 8}, {"before": {"cone": 1.0}, "after": {"cone": 0.2}}
    report = QueryReport(480, 320, 8, files, seconds, {"cone": 9}, {"object": 6.0, "cone": cone}, 2.0)
    monkeypatch.setattr("fink_lib.bench.queries.measure", lambda *_, **__: report)
    monkeypatch.setattr("fink_lib.lake.spark.session.build_session", lambda *_: SimpleNamespace(stop=lambda: None))
    monkeypatch.setattr("fink_lib.simulator.reading.read_path", lambda _: ())
    monkeypatch.setattr("fink_lib.simulator.resolve_path", lambda path, *_: Path(path))
    done = CliRunner().invoke(build_app(["lake"]), ["lake", "bench"])
    assert done.exit_code == code, done.output
    assert ("compaction is worth less than 5 times: cone 4.9 times" in done.output) == bool(code)
