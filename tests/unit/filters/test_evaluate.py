"""All filters in one pass: an alert's answer never depends on its neighbours, nor on other filters."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fink_lib.errors import ConfigError
from fink_lib.filters.base import Filter, answer
from fink_lib.filters.evaluate import evaluate


def a_filter(select: Callable[[Any], Any], name: str = "bright", inputs: tuple[str, ...] = ("mag",)) -> Filter:
    return Filter(name, "1.0", "ztf", inputs, "For a test.", "tests", "none", select)


def bright(batch: Any) -> Any:
    return batch["mag"] < 18


def touchy(batch: Any) -> Any:
    """Raise where any alert of the batch is negative."""
    if (batch["mag"] < 0).any():
        raise ValueError("negative magnitude")
    return batch["mag"] < 18


def test_every_alert_gets_the_names_of_its_filters_in_order() -> None:
    filters = (a_filter(bright), a_filter(lambda batch: batch["mag"] < 20, "faint"))
    told = evaluate(filters, {"mag": np.array([17.0, 19.0, 21.0, np.nan])}, 4)
    assert told.names == [["bright", "faint"], ["faint"], [], []]
    assert told.failures == []


def test_a_filter_that_raises_loses_only_the_guilty_alerts_and_no_other_filter_any() -> None:
    filters = (a_filter(touchy, "touchy"), a_filter(bright))
    told = evaluate(filters, {"mag": np.array([17.0, -1.0, 19.0, 16.0, -2.0])}, 5)
    assert told.names == [["touchy", "bright"], ["bright"], [], ["touchy", "bright"], ["bright"]]
    assert [(failure.filter, failure.row) for failure in told.failures] == [("touchy", 1), ("touchy", 4)]
    assert told.failures[0].error == "ValueError: negative magnitude"


@given(st.lists(st.floats(-2, 25), max_size=40), st.integers(0, 40))
def test_the_answer_is_the_same_however_alerts_are_batched(mags: list[float], cut: int) -> None:
    filters = (a_filter(touchy, "touchy"), a_filter(bright))
    whole = evaluate(filters, {"mag": np.array(mags)}, len(mags)).names
    parts = [mags[:cut], mags[cut:]]
    assert whole == [names for part in parts for names in evaluate(filters, {"mag": np.array(part)}, len(part)).names]


def test_a_filter_sees_nothing_that_it_did_not_declare() -> None:
    told = evaluate([a_filter(lambda batch: batch["rb"] > 0)], {"mag": np.ones(2), "rb": np.ones(2)}, 2)
    assert [failure.error for failure in told.failures] == ["KeyError: 'rb'"] * 2


@pytest.mark.parametrize(
    ("select", "error"),
    [
        (lambda batch: batch["mag"], TypeError),
        (lambda _: np.array([True]), ValueError),
        (lambda _: True, ValueError),
        (lambda _: pd.Series(["yes", "no", "yes"]), TypeError),
    ],
)
def test_an_answer_that_is_not_one_yes_or_no_an_alert_is_refused(
    select: Callable[[Any], Any], error: type[Exception]
) -> None:
    with pytest.raises(error, match="filter 'bright' answered"):
        answer(a_filter(select), {"mag": np.ones(3)}, 3)


def test_null_answers_count_as_no() -> None:
    ids = pd.array([1, None, 3], dtype="Int64")
    told = answer(a_filter(lambda batch: batch["mag"] > 2), {"mag": ids}, 3)
    assert told.tolist() == [False, False, True]


@pytest.mark.parametrize("name", ["", "A", "no spaces", "x", "9lives", "a" * 65, "drop;table"])
def test_a_name_that_cannot_be_a_topic_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="filter name"):
        a_filter(bright, name)


def test_a_filter_without_inputs_is_refused() -> None:
    with pytest.raises(ConfigError, match="declares no inputs"):
        a_filter(bright, inputs=())
