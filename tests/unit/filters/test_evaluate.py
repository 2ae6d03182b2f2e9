"""All filters in one pass: an alert's answer never depends on its neighbours, nor on other filters."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fink_lib.errors import ConfigError
from fink_lib.filters.base import Clause, Filter, flags_of
from fink_lib.filters.conditions import above, any_of, below, is_false, one_of
from fink_lib.filters.evaluate import evaluate, explain


def a_filter(select: Callable[[Any], Any], name: str = "bright", inputs: tuple[str, ...] = ("mag",)) -> Filter:
    return with_clauses(name, Clause("the clause", inputs, select))


def with_clauses(name: str, *clauses: Clause) -> Filter:
    return Filter(name, "1.0", "ztf", clauses, "For a test.", "To see it work.", "tests", "none")


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


@settings(deadline=None)  # the machine may be busy; what counts is the answer
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
    with pytest.raises(error, match="clause 'a test' answered"):
        flags_of(Clause("a test", ("mag",), select), {"mag": np.ones(3)}, 3)


def test_null_answers_count_as_no() -> None:
    ids = pd.array([1, None, 3], dtype="Int64")
    assert flags_of(above("mag", 2), {"mag": ids}, 3).tolist() == [False, False, True]
    assert flags_of(is_false("seen"), {"seen": pd.array([True, None, False], dtype="boolean")}, 3).tolist() == [0, 0, 1]


def test_the_reason_why_is_told_clause_by_clause() -> None:
    chosen = with_clauses("bright", below("mag", 18), Clause("touchy", ("mag",), touchy))
    told = explain(chosen, {"mag": np.array([17.0, 19.0, -1.0])}, 3)
    assert told["mag < 18"].flags.tolist() == [True, False, True]
    assert told["touchy"].flags.tolist() == [True, False, False]
    assert told["touchy"].errors == {2: "ValueError: negative magnitude"}


def test_an_alert_that_another_clause_refuses_was_judged_although_one_raises() -> None:
    chosen = with_clauses("faint", Clause("touchy", ("mag",), touchy), above("mag", 10))
    told = evaluate([chosen], {"mag": np.array([-1.0, 17.0])}, 2)
    assert (told.names, told.failures) == ([[], ["faint"]], [])


def test_a_clause_that_filters_share_is_asked_once_and_a_slow_one_only_where_it_matters() -> None:
    seen: list[int] = []

    def counted(batch: Any) -> Any:
        seen.append(len(batch["mag"]))
        return batch["mag"] > 0

    shared, slow = Clause("shared", ("mag",), counted), Clause("slow", ("mag",), counted, per_alert=True)
    filters = [with_clauses("one", shared), with_clauses("two", slow, shared, below("mag", 18))]
    told = evaluate(filters, {"mag": np.array([17.0, 19.0, 20.0, np.nan])}, 4)
    assert told.names == [["one", "two"], ["one"], ["one"], []]
    assert seen == [4, 1]


def test_an_optional_column_that_is_not_there_holds_none() -> None:
    known = Clause("known", ("mag",), lambda batch: batch["label"] == "AGN", optional=("label",))
    batch = {"mag": np.array([17.0, 18.0])}
    assert evaluate([with_clauses("agn", known)], batch, 2).names == [[], []]
    labelled = {**batch, "label": np.array(["AGN", None], dtype=object)}
    assert evaluate([with_clauses("agn", known)], labelled, 2).names == [["agn"], []]


def test_any_of_reads_what_its_parts_read_and_a_null_in_one_leaves_the_other() -> None:
    either = any_of("either", above("mag", 18), one_of("a galaxy", "label", ["G"]))
    assert either.inputs == ("mag", "label")
    batch = {"mag": np.array([19.0, np.nan, 17.0]), "label": np.array([None, "G", None], dtype=object)}
    assert flags_of(either, batch, 3).tolist() == [True, True, False]


@pytest.mark.parametrize("name", ["", "A", "no spaces", "x", "9lives", "a" * 65, "drop;table"])
def test_a_name_that_cannot_be_a_topic_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="filter name"):
        a_filter(bright, name)


def test_what_could_not_be_explained_is_refused() -> None:
    with pytest.raises(ConfigError, match="declares no inputs"):
        a_filter(bright, inputs=())
    with pytest.raises(ConfigError, match="has no name"):
        Clause("", ("mag",), bright)
    with pytest.raises(ConfigError, match="filter 'bright' declares no clauses"):
        with_clauses("bright")
    with pytest.raises(ConfigError, match="two clauses of one name"):
        with_clauses("bright", below("mag", 18), below("mag", 18))
