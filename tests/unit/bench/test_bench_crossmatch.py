"""The crossmatch benchmark makes what it says, and its comparison with scipy and astropy can fail."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from fink_lib.bench import made_sky, match_ways
from fink_lib.bench.crossmatch import CrossmatchReport, compare
from fink_lib.bench.match_ways import RADIUS_ARCSEC, Cost, Way
from fink_lib.bench.queries import QueryReport
from fink_lib.catalogs import build_index
from fink_lib.cli.main import build_app

COST = Cost(1.0, 2.0, 900.0)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Forty thousand sources in pieces of fifteen thousand, and eight thousand positions."""
    monkeypatch.setattr(made_sky, "PIECE_ROWS", 15_000)
    made_sky.write_catalog(tmp_path / "catalog.parquet", 40_000, seed=1)
    made_sky.write_positions(tmp_path / "positions.parquet", 8_000, 40_000, seed=1)
    return tmp_path


def matched(home: Path) -> pa.Table:
    """The matches, by the index that the modules of the stream use."""
    sources, here = pq.read_table(home / "catalog.parquet"), pq.read_table(home / "positions.parquet")
    index = build_index(sources["ra"].to_numpy(), sources["dec"].to_numpy())
    rows, _ = index.nearest(here["ra"].to_numpy(), here["dec"].to_numpy(), RADIUS_ARCSEC)
    found = np.flatnonzero(rows >= 0)
    return pa.table({"id": found, "source": rows[found]})


def report(**disagreeing: int) -> CrossmatchReport:
    ways = {Way.OURS: COST, Way.SCIPY: Cost(1.0, 4.0, 2000.0), Way.ASTROPY: COST}
    told = {Way(name): count for name, count in disagreeing.items()}
    return CrossmatchReport(100, 1000, 0, 1.5, 20, 9, COST, ways, told)


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


def test_the_three_ways_agree_and_a_difference_is_found(made: Path) -> None:
    match_ways.load(made)
    costs = [match_ways.match(made, way) for way in Way]
    assert all(cost.peak_mb > 50 and cost.cpu_s > 0 for cost in costs)
    expected = matched(made)
    ours = match_ways.found_by(made, Way.OURS, 8_000)
    assert np.flatnonzero(ours >= 0).tolist() == expected["id"].to_pylist()
    assert ours[ours >= 0].tolist() == expected["source"].to_pylist()
    assert compare(made, 8_000) == (expected.num_rows, {Way.SCIPY: 0, Way.ASTROPY: 0})
    pq.write_table(expected.slice(1), made / "scipy.parquet")
    pq.write_table(expected.set_column(1, "source", expected["source"].combine_chunks()[::-1]), made / "ours.parquet")
    matches, differ = compare(made, 8_000)
    assert matches == expected.num_rows
    assert differ[Way.SCIPY] > differ[Way.ASTROPY] - 2 > 1000


def test_each_way_is_measured_in_a_process_of_its_own(tmp_path: Path) -> None:
    cost = match_ways.alone(match_ways.make, tmp_path, 1_000, 1_000, 1)
    assert pq.read_table(tmp_path / "catalog.parquet").num_rows == 1_000
    assert 10 < cost.peak_mb < 2_000


def test_a_report_tells_ratio_and_costs() -> None:
    told = report(scipy=0, astropy=0)
    assert told.ratio == 0.5
    assert '"what": "crossmatch"' in told.as_json()
    assert '"peak_mb": 2000.0' in told.as_json()


@pytest.mark.parametrize(
    ("differ", "code"), [({"scipy": 0, "astropy": 0}, 0), ({"scipy": 0, "astropy": 1}, 1), ({"scipy": 0}, 1)]
)
def test_a_disagreement_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, differ: dict[str, int], code: int
) -> None:
    monkeypatch.setattr("fink_lib.bench.crossmatch.run_crossmatch", lambda *_: report(**differ))
    kept = tmp_path / "figures.json"
    done = CliRunner().invoke(build_app(["bench"]), ["bench", "crossmatch", "--json", str(kept)])
    assert done.exit_code == code
    assert '"disagreeing"' in kept.read_text()
    assert ("have another source" in done.output) == bool(code)


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
