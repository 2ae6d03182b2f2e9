"""What every science module must keep: pure, total, and independent of the rest of the batch."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from many_alerts import catalogs_in, make_catalogs

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.science.framework.base import FAILED, NOT_RUN, Cost, Module, ModuleResult, Output
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.registry import MODULES, modules_of, validate, with_needs
from fink_lib.science.framework.runner import resource_of, run, versions
from fink_lib.surveys import SURVEYS

CACHE = Settings().cache
NAMES = sorted(SURVEYS)
POINTS = (
    *("band", "flux", "flux_err", "is_positive", "mag", "mag_err", "mag_limit"),
    *("ref_mag", "ref_mag_err", "ref_separation", "ra", "dec"),
)


def random_batch(count: int, seed: int = 7) -> AlertBatch:
    """Alerts with histories of 1 to 40 points, upper limits, missing values and stars of the catalogues."""
    draw = np.random.default_rng(seed)
    lengths = draw.integers(1, 41, count)
    offsets = np.r_[0, np.cumsum(lengths)].astype(np.int64)
    total = offsets[-1]
    time = np.concatenate([np.sort(draw.uniform(2459000.0, 2459030.0, length)) for length in lengths])
    histories: dict[str, Any] = {name: draw.normal(18.0, 1.0, total) for name in POINTS}
    histories |= {
        "time": time,
        "band": draw.integers(-1, 6, total).astype(np.int8),
        "mag": np.where(draw.random(total) < 0.3, np.nan, histories["mag"]),
        "mag_err": draw.uniform(0.01, 0.3, total),
        "ref_mag_err": draw.uniform(0.01, 0.3, total),
        "ref_separation": draw.uniform(0.0, 10.0, total),
        "is_positive": draw.integers(0, 2, total).astype(float),
        "flux": draw.normal(2000.0, 2000.0, total),
        "flux_err": draw.uniform(50.0, 300.0, total),
    }
    names = {name for survey in SURVEYS.values() for name in survey.inputs.scalars}
    scalars: dict[str, Any] = {name: draw.uniform(0.0, 6.0, count) for name in sorted(names)}
    scalars |= {
        "n_detections": draw.integers(1, 5, count).astype(float),
        "ps1_separation": draw.choice([np.nan, -999.0, 0.4, 7.0], count),
        "sso_separation": draw.choice([np.nan, -999.0, 0.2, 3.0], count),
        "ra": draw.uniform(0.0, 360.0, count),
        "dec": np.degrees(np.arcsin(draw.uniform(-1.0, 1.0, count))),
    }
    stamps = {name: np.full(count, None, dtype=object) for name in ("science", "template", "difference")}
    batch = AlertBatch(np.arange(count, dtype=np.int64), offsets, scalars, histories, stamps)
    return with_forced(batch, draw)


def with_forced(batch: AlertBatch, draw: np.random.Generator) -> AlertBatch:
    """Add up to 30 forced measurements before each alert, some of them at the time of a detection."""
    lengths = draw.integers(0, 31, len(batch))
    offsets = np.r_[0, np.cumsum(lengths)].astype(np.int64)
    total = offsets[-1]
    latest = batch.histories["time"][batch.offsets[1:] - 1]
    forced = {
        "time": np.repeat(latest, lengths) - draw.choice([0.0, 1.0, 5.0, 20.0], total) * draw.random(total),
        "band": draw.integers(-1, 6, total).astype(np.int8),
        "flux": draw.normal(100.0, 300.0, total),
        "flux_err": draw.uniform(50.0, 150.0, total),
    }
    return replace(batch, forced=forced, forced_offsets=offsets)


def rows_of(outcome: Any, count: int) -> list[dict[str, Any]]:
    """Return every output bit for bit: floats as their bytes."""

    def exact(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: exact(inner) for key, inner in value.items()}
        return np.float64(value).tobytes() if isinstance(value, float) else value

    return [{name: exact(array[row].as_py()) for name, array in outcome.columns.items()} for row in range(count)]


def failures(outcome: Any) -> dict[str, str]:
    """Return what modules failed on; what they did not apply to is no failure."""
    return {name: why for name, told in outcome.errors.items() for why in told.values() if why.startswith(FAILED)}


@pytest.mark.parametrize("survey", NAMES)
def test_no_result_depends_on_the_rest_of_the_batch(survey: str, tmp_path: Path) -> None:
    """Made alerts on made catalogues: for real ones, two thousand at a time, see `test_every_module`."""
    modules, count = modules_of(survey), 100
    batch = random_batch(count)
    with catalogs_in(make_catalogs(tmp_path / "catalogs", batch)):
        compare_with_smaller_batches(modules, batch)


def compare_with_smaller_batches(modules: Sequence[Module], batch: AlertBatch) -> None:
    count = len(batch)
    outcome = run(modules, batch, CACHE)
    assert failures(outcome) == {}
    assert not [why for told in outcome.errors.values() for why in told.values() if "not loaded" in why]
    assert outcome.columns["spicy_class"].to_pylist().count("made") >= 10
    whole = rows_of(outcome, count)
    order = np.random.default_rng(3).permutation(count)
    permuted = rows_of(run(modules, batch.take(order), CACHE), count)
    assert [whole[row] for row in order] == permuted
    for row in range(0, count, max(count // 20 - 3, 1)):
        alone = run(modules, batch.take(np.array([row])), CACHE)
        pair = run(modules, batch.take(np.array([count - 1 - row, row])), CACHE)
        assert rows_of(alone, 1)[0] == whole[row] == rows_of(pair, 2)[1]


def test_a_class_is_the_same_whether_all_modules_run_or_only_those_that_it_reads() -> None:
    chosen, batch = with_needs("ztf", ["classification"]), random_batch(60)
    assert {"supernnova", "early_snia", "kilonova"} <= {module.name for module in chosen}
    assert "quality" not in {module.name for module in chosen}
    whole, few = run(modules_of("ztf"), batch, CACHE), run(chosen, batch, CACHE)
    for name in ("finkclass", "finkclass_reasons", "class_default", "class_default_reasons"):
        assert few.columns[name].equals(whole.columns[name]), name


@pytest.mark.parametrize("survey", NAMES)
def test_modules_leave_their_arguments_alone(survey: str) -> None:
    batch = random_batch(50)
    frozen = {**batch.scalars, **batch.histories}
    before = {name: values.copy() for name, values in frozen.items()}
    run(modules_of(survey), batch, CACHE)
    for name, values in frozen.items():
        np.testing.assert_array_equal(values, before[name])


@pytest.mark.parametrize("survey", NAMES)
def test_an_empty_batch_and_a_batch_of_nothing_but_nan_are_answered(
    survey: str, capfd: pytest.CaptureFixture[str]
) -> None:
    modules, batch = modules_of(survey), random_batch(30)
    empty = run(modules, batch.take(np.empty(0, dtype=np.int64)), CACHE)
    assert {len(array) for array in empty.columns.values()} == {0}
    nothing = replace(
        batch,
        scalars={name: np.full(30, np.nan) for name in batch.scalars},
        histories={
            name: np.full(len(values), -1 if name == "band" else np.nan, dtype=values.dtype)
            for name, values in batch.histories.items()
        },
        forced={name: np.full_like(values, -1 if name == "band" else np.nan) for name, values in batch.forced.items()},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcome = run(modules, nothing, CACHE)
    assert failures(outcome) == {}
    assert {outcome.columns[name].null_count for name in ("gcvs", "gcvs_sep_arcsec", "x3hsp", "mangrove")} == {30}
    for name in ("variable_stars", "crossmatch_3hsp", "crossmatch_mangrove"):
        assert set(outcome.errors[name].values()) == {f"{NOT_RUN}the position is not known"}
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("points", [1, 1000])
def test_a_light_curve_of_one_point_and_of_a_thousand(points: int) -> None:
    one = random_batch(1)
    draw = np.random.default_rng(1)
    histories: Mapping[str, Any] = {name: np.full(points, 1.0) for name in POINTS} | {
        "time": np.linspace(2459000.0, 2459100.0, points),
        "band": np.full(points, 1, dtype=np.int8),
        "mag": draw.normal(18.0, 0.1, points),
        "ref_separation": np.full(points, 9.0),
    }
    long = replace(one, offsets=np.array([0, points]), histories=histories)
    outcome = run(modules_of("ztf"), long, CACHE)
    assert failures(outcome) == {}
    assert outcome.columns["nalerthist"].to_pylist() == [points]
    green = outcome.columns["lc_features_g"][0].as_py()
    assert green["mean"] == pytest.approx(histories["mag"].mean())
    assert (green["linear_trend"] is None) == (points == 1)
    assert outcome.columns["lc_features_r"][0].as_py()["mean"] is None


def toy(**changes: Any) -> Module:
    """Return a module that raises on alerts whose n_detections is 13."""

    def compute(batch: AlertBatch, _resource: Any) -> dict[str, Any]:
        if (batch.scalars["n_detections"] == 13).any():
            raise ZeroDivisionError("thirteen")
        return {"toy": batch.scalars["n_detections"] * 2}

    module = Module(
        name="toy",
        version="3.1",
        meaning="A module for tests.",
        reference="none",
        surveys=("ztf",),
        cost=Cost.CHEAP,
        scalars=("n_detections",),
        outputs=(Output("toy", pa.float64(), "", "Twice."),),
        compute=compute,
    )
    return replace(module, **changes)


def batch_with(n_detections: list[float]) -> AlertBatch:
    batch = random_batch(len(n_detections))
    return replace(batch, scalars={**batch.scalars, "n_detections": np.array(n_detections)})


def test_a_module_that_raises_costs_only_the_guilty_alerts() -> None:
    batch = batch_with([1, 13, 2, 3, 4, 13, 5])
    outcome = run((toy(),), batch, CACHE)
    assert outcome.columns["toy"].to_pylist() == [2, None, 4, 6, 8, None, 10]
    assert outcome.errors == {"toy": dict.fromkeys((1, 5), f"{FAILED}ZeroDivisionError: thirteen")}
    maps = outcome.error_maps(7).to_pylist()
    assert maps[0] == []
    assert maps[5] == [("toy", f"{FAILED}ZeroDivisionError: thirteen")]


def test_a_module_that_is_broken_altogether_spares_the_others() -> None:
    def broken(_batch: AlertBatch, _resource: Any) -> dict[str, Any]:
        return {}

    outcome = run((toy(name="broken", compute=broken), *modules_of("ztf", ["detections"])), random_batch(5), CACHE)
    assert outcome.columns["toy"].null_count == 5
    assert sorted(outcome.errors["broken"]) == [0, 1, 2, 3, 4]
    assert outcome.columns["nalerthist"].null_count == 0


def test_null_no_match_and_not_run_are_told_apart() -> None:
    def gated(batch: AlertBatch, _resource: Any) -> ModuleResult:
        few = batch.scalars["n_detections"] < 3
        return ModuleResult({"toy": np.array(["x"] * len(batch), dtype=object)}, [(few, "fewer than 3 detections")])

    module = toy(compute=gated, outputs=(Output("toy", pa.string(), "", "Label."),))
    outcome = run((module,), batch_with([1, 3]), CACHE)
    assert outcome.columns["toy"].to_pylist() == [None, "x"]
    assert outcome.errors["toy"] == {0: f"{NOT_RUN}fewer than 3 detections"}
    undefined = run((toy(),), batch_with([float("nan")]), CACHE)
    assert undefined.columns["toy"].to_pylist() == [None]
    assert undefined.errors == {}


def test_a_resource_that_cannot_be_loaded_is_said_not_hidden(caplog: pytest.LogCaptureFixture) -> None:
    def load(_cache: Path) -> Any:
        raise ConfigError("no such model")

    module = toy(load=load)
    outcome = run((module,), batch_with([1]), CACHE)
    assert outcome.columns["toy"].to_pylist() == [None]
    assert outcome.errors["toy"][0] == f"{NOT_RUN}not loaded"
    assert "no such model" in caplog.text
    assert versions((module,), CACHE) == {"toy": "3.1"}


def test_a_resource_is_loaded_once() -> None:
    calls = []

    def load(cache: Path) -> int:
        calls.append(cache)
        return 1

    module = toy(load=load)
    for _ in range(3):
        run((module,), batch_with([1]), CACHE)
    assert calls == [CACHE]
    assert resource_of(load, str(CACHE)).value == 1


def test_a_module_reads_what_another_one_wrote() -> None:
    def sum_up(batch: AlertBatch, _resource: Any) -> dict[str, Any]:
        return {"sum": batch.results["toy"].to_numpy(zero_copy_only=False) + 1}

    second = toy(name="second", needs=("toy",), compute=sum_up, outputs=(Output("sum", pa.float64(), "", "Plus one."),))
    validate((toy(), second), "ztf")
    outcome = run((toy(), second), batch_with([1, 13, 2]), CACHE)
    assert outcome.columns["sum"].to_pylist() == [3, None, 5]
    with pytest.raises(ConfigError, match="needs"):
        validate((second,), "ztf")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scalars": ("phase_of_the_moon",)}, "phase_of_the_moon"),
        ({"histories": ("flux",)}, "flux"),
        ({"stamps": ("colour",)}, "colour"),
        ({"outputs": (Output("nalerthist", pa.int32(), "", "Taken."),)}, "another one writes too"),
    ],
)
def test_a_declaration_that_does_not_fit_is_refused_before_anything_runs(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        validate((*modules_of("ztf", ["detections"]), toy(**changes)), "ztf")


def test_an_unknown_module_is_named_with_those_that_exist() -> None:
    with pytest.raises(ConfigError, match=r"'tarot'.*detections"):
        modules_of("ztf", ["tarot"])


def test_a_module_that_a_survey_does_not_feed_is_no_unknown_one() -> None:
    with pytest.raises(ConfigError, match="'magnitude_rate' is for ztf, not for lsst"):
        modules_of("lsst", ["magnitude_rate"])
    with pytest.raises(ConfigError, match="'detections' reads mag, which lsst does not feed"):
        modules_of("lsst", ["detections"])


def test_every_module_declares_itself_fully() -> None:
    for module in MODULES:
        assert module.meaning.endswith((".", "?")), module.name
        assert module.reference, module.name
        assert module.version, module.name
        assert all(out.meaning.endswith(".") for out in module.outputs), module.name


@pytest.mark.parametrize("survey", NAMES)
def test_every_declared_output_is_written(survey: str) -> None:
    modules = modules_of(survey)
    assert [out.name for module in modules for out in module.outputs] == list(
        run(modules, random_batch(2), CACHE).columns
    )
