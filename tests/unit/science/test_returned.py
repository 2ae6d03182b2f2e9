"""Whatever a module raises or returns, only its own columns of the guilty alerts are null, with the reason."""

from collections.abc import Callable
from typing import Any

import light_curve as lc
import numpy as np
import pyarrow as pa
import pytest
from science_bench import CACHE
from test_contract import batch_with, toy

from fink_lib.science.cases.light_curve_features import FEATURES, extractor, features
from fink_lib.science.framework.base import FAILED, NOT_RUN, ModuleResult, Output
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.registry import modules_of
from fink_lib.science.framework.runner import run

GUILTY = 13.0
Deed = Callable[[AlertBatch], Any]


class NativeError(BaseException):
    """What native code raises: no Exception."""


class MuteError(BaseException):
    """An exception that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("mute")


def doing(deed: Deed, **changes: Any) -> Any:
    """Return a module that doubles a number, and does something else where an alert of the batch is guilty."""

    def compute(batch: AlertBatch, _resource: Any) -> Any:
        if (batch.scalars["n_detections"] == GUILTY).any():
            return deed(batch)
        return {"toy": batch.scalars["n_detections"] * 2}

    return toy(compute=compute, **changes)


def raises(problem: BaseException) -> Deed:
    def deed(_batch: AlertBatch) -> Any:
        raise problem

    return deed


def panic(_batch: AlertBatch) -> Any:
    lc.MaximumSlope()(np.zeros(3), np.arange(3.0), np.ones(3), sorted=True, check=False)


def infinite(batch: AlertBatch) -> Any:
    numbers = batch.scalars["n_detections"] * 2
    return {"toy": np.where(numbers == 2 * GUILTY, np.inf, numbers)}


DEEDS: dict[str, tuple[Deed, str]] = {
    "panic": (panic, "PanicException: All points of the light curve have the same time"),
    "no Exception": (raises(NativeError("from below")), "NativeError: from below"),
    "no text": (raises(MuteError()), "MuteError"),
    "text that is no UTF-8": (raises(ValueError("a\udc80b")), "ValueError: a?b"),
    "MemoryError": (raises(MemoryError("much")), "MemoryError: much"),
    "RecursionError": (raises(RecursionError("deep")), "RecursionError: deep"),
    "GeneratorExit": (raises(GeneratorExit("odd")), "GeneratorExit: odd"),
    "too few": (lambda batch: {"toy": np.zeros(len(batch) - 1)}, "ValueError: output 'toy' has 0 values for 1 alerts"),
    "too many": (lambda _: {"toy": np.zeros(99)}, "ValueError: output 'toy' has 99 values for 1 alerts"),
    "one number": (lambda _: {"toy": 1.0}, "TypeError"),
    "nothing": (lambda _: None, "TypeError"),
    "another column": (lambda batch: {"other": np.zeros(len(batch))}, "ValueError: no output 'toy' was returned"),
    "text": (lambda batch: {"toy": np.array(["x"] * len(batch), dtype=object)}, "ArrowInvalid"),
    "one flag for all": (
        lambda batch: ModuleResult({"toy": np.zeros(len(batch))}, [(np.array([True, False]), "odd")]),
        "ValueError: 'not run: odd' has flags of shape (2,) for 1 alerts",
    ),
    "infinite": (infinite, "'toy' is infinite"),
}


@pytest.mark.parametrize("name", DEEDS)
def test_only_the_guilty_alert_suffers(name: str) -> None:
    deed, why = DEEDS[name]
    modules = (doing(deed), *modules_of("ztf", ["detections"]))
    outcome = run(modules, batch_with([1, 2, GUILTY, 4, 5]), CACHE)
    assert outcome.columns["toy"].to_pylist() == [2, 4, None, 8, 10]
    assert set(outcome.errors) == {"toy"}
    assert set(outcome.errors["toy"]) == {2}
    assert outcome.errors["toy"][2].startswith(f"{FAILED}{why}")
    assert outcome.columns["nalerthist"].null_count == 0
    assert dict(outcome.error_maps(5).to_pylist()[2])["toy"].startswith(FAILED)


def test_a_number_that_is_infinite_takes_all_columns_of_its_alert_with_it() -> None:
    outputs = (
        Output("toy", pa.float32(), "", "A number."),
        Output("label", pa.string(), "", "A word."),
        Output("parts", pa.struct([pa.field("a", pa.float64())]), "", "A struct."),
        Output("many", pa.list_(pa.float64()), "", "A list."),
    )

    def compute(batch: AlertBatch, _resource: Any) -> Any:
        found = {
            "toy": np.array([1.0, -np.inf, 3.0, np.nan, 5.0]),
            "label": np.array(["x"] * len(batch), dtype=object),
            "parts": {"a": np.array([1.0, np.inf, np.inf, 4.0, 5.0])},
            "many": pa.array([[1.0], [], None, [4.0, np.inf], [5.0]]),
        }
        return ModuleResult(found, [(np.array([False, False, False, False, True]), "odd")])

    module = toy(compute=compute, outputs=outputs)
    outcome = run((module,), batch_with([1, 2, 3, 4, 5]), CACHE)
    assert outcome.columns["toy"].to_pylist() == [1.0, None, None, None, None]
    assert outcome.columns["label"].to_pylist() == ["x", None, None, None, None]
    assert outcome.columns["parts"].to_pylist() == [{"a": 1.0}, None, None, None, None]
    assert outcome.columns["many"].to_pylist() == [[1.0], None, None, None, None]
    assert outcome.errors["toy"] == {
        1: f"{FAILED}'toy' is infinite",
        2: f"{FAILED}'parts' is infinite",
        3: f"{FAILED}'many' is infinite",
        4: f"{NOT_RUN}odd",
    }


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_process_ends_it(ending: type[BaseException]) -> None:
    with pytest.raises(ending):
        run((doing(raises(ending())),), batch_with([GUILTY, 1]), CACHE)
    with pytest.raises(ending):
        run((toy(load=raises(ending())),), batch_with([1]), CACHE)


def test_a_panic_of_a_loader_is_said_not_raised() -> None:
    module = toy(load=lambda _cache: panic(batch_with([1])))
    outcome = run((module,), batch_with([1]), CACHE)
    assert outcome.errors["toy"][0].startswith(f"{NOT_RUN}not loaded: PanicException: All points")


def test_points_at_one_time_have_statistics_and_no_trend() -> None:
    time, value = np.array([1.0, 1.0, 1.0, 1.0, 2.0, 4.0, 7.0]), np.array([1.0, 2.0, 4.0, 1.0, 2.0, 4.0, 5.0])
    found = features(time, value, np.full(7, 0.1), np.array([3, 0, 3, 1]))
    alone = features(time[3:6], value[3:6], np.full(3, 0.1), np.array([3]))
    timed = {name for each in (lc.LinearTrend(), lc.LinearFit(), lc.MaximumSlope()) for name in each.names}
    for name in FEATURES:
        assert found[name][2:3].tobytes() == alone[name].tobytes(), name
        assert np.isnan(found[name][0]) == (name in timed | {"kurtosis", "anderson_darling_normal"}), name
        # What asks for no time is what the same points have at three times.
        assert name in timed or found[name][:1].tobytes() == alone[name].tobytes(), name
        assert np.isnan(found[name][1])


def test_the_names_of_features_are_those_of_the_package() -> None:
    """They are written down, so that nobody imports the package to know them."""
    assert tuple(extractor().names) == FEATURES
