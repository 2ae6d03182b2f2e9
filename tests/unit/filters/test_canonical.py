"""Filters over canonical inputs: bound to the packets of whichever survey feeds them, and to no other."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fink_lib.errors import ConfigError
from fink_lib.filters import registry
from fink_lib.filters.base import Clause, Filter, flags_of
from fink_lib.filters.canonical import bound, feeds
from fink_lib.filters.common.new_sources import FILTER
from fink_lib.filters.registry import filters_of
from fink_lib.surveys import get_survey

ZTF, LSST = get_survey("ztf"), get_survey("lsst")
TIME, FIRST, SIGN = "candidate.jd", "candidate.jdstarthist", "candidate.isdiffpos"
PS1, MOVING = "candidate.distpsnr1", "candidate.ssdistnr"
GOOD = {TIME: 2460000.5, FIRST: 2459998.0, SIGN: "t", PS1: 7.0, MOVING: -999.0}


def chosen(**changes: object) -> bool:
    one = bound(FILTER, "ztf", ZTF.inputs)
    row = {**GOOD, **changes}
    batch = {path: np.array([value], dtype=object if path == SIGN else float) for path, value in row.items()}
    return bool(np.all([flags_of(clause, batch, 1)[0] for clause in one.clauses]))


def test_a_filter_reads_the_fields_of_the_survey() -> None:
    one = bound(FILTER, "ztf", ZTF.inputs)
    assert (one.survey, one.topic) == ("ztf", "fink_new_sources_ztf")
    assert one.inputs == tuple(sorted(GOOD))
    assert [clause.name for clause in one.clauses] == [clause.name for clause in FILTER.clauses]


@pytest.mark.parametrize(
    ("changes", "selected"),
    [
        ({}, True),
        ({FIRST: 2459997.5}, True),
        ({FIRST: 2459997.4}, False),
        ({FIRST: np.nan}, False),
        ({SIGN: "1"}, True),
        ({SIGN: "f"}, False),
        ({SIGN: None}, False),
        ({PS1: 1.5}, False),
        ({PS1: -999.0}, False),  # no source in 30 arcsec: a hole of Pan-STARRS; selected in v0.1.0, as the next one
        ({PS1: np.nan}, False),
        ({MOVING: 4.9}, False),
        ({MOVING: 5.1}, True),
        ({MOVING: -999.0}, True),
        ({MOVING: np.nan}, False),  # not known: selected in v0.1.0
    ],
)
def test_new_sources(changes: dict[str, object], *, selected: bool) -> None:
    assert chosen(**changes) is selected


def test_a_sign_may_be_a_flag() -> None:
    clause = next(clause for clause in bound(FILTER, "ztf", ZTF.inputs).clauses if clause.inputs == (SIGN,))
    flags = flags_of(clause, {SIGN: pd.array([True, False, None], dtype="boolean")}, 3)
    assert flags.tolist() == [True, False, False]


def test_a_survey_without_an_input_is_not_offered_the_filter() -> None:
    assert feeds(ZTF.inputs, FILTER)
    assert not feeds(LSST.inputs, FILTER)
    offered = [replace(one, knowledge=replace(one.knowledge, common_filters=None)) for one in (ZTF, LSST)]
    assert [[one.name for one in registry._common(survey)] for survey in offered] == [["new_sources"], []]
    assert "new_sources" not in {one.name for one in (*filters_of("ztf"), *filters_of("lsst"))}


def test_a_text_cannot_be_read_canonically() -> None:
    text = Clause("is an object", ("{object_id}",), lambda batch: batch["object_id"] != "")
    one = Filter("named", "1", "", (text,), "d", "e", "o", "r")
    with pytest.raises(ConfigError, match="reads 'object_id', which is neither a number nor a sign"):
        bound(one, "ztf", ZTF.inputs)
