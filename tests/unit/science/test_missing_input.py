"""Every field that modules read, without its value: no answer that the field could change, or the documented one."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from many_alerts import catalogs_in, rubin_packets, ztf_packets
from missing_variants import Packet, lacking, names, others, readings, with_value
from science_bench import CACHE, batch_of

from fink_lib.docs_pages.missing_input import is_documented
from fink_lib.science.framework.base import FAILED
from fink_lib.science.framework.registry import modules_of
from fink_lib.science.framework.runner import Outcome, run
from fink_lib.surveys.inputs import SurveyInputs, inputs_of
from fink_lib.surveys.missing import known, sign_of

# Sound alerts, old and young, of stars, galaxies and nothing.
CHOSEN = {"ztf": (75, 3, 301), "lsst": (11, 3, 40)}
NAN, INF = float("nan"), float("inf")


@dataclass
class Variants:
    """Alerts with one field changed: (alert, path) → rows of those without a value, and of those with another."""

    outcome: Outcome
    inputs: SurveyInputs
    lacking: dict[tuple[int, str], list[tuple[Any, int]]]
    others: dict[tuple[int, str], list[int]]

    def of(self, column: str, row: int) -> Any:
        """Return a value, with a struct of nulls as None."""
        value = self.outcome.columns[column][row].as_py()
        return None if isinstance(value, dict) and all(part is None for part in value.values()) else value


@pytest.fixture(scope="module", params=sorted(CHOSEN))
def variants(request: pytest.FixtureRequest, shared_data: Path) -> Iterator[Variants]:
    survey = str(request.param)
    packets = {"ztf": ztf_packets, "lsst": rubin_packets}[survey](shared_data)
    inputs, modules = inputs_of(survey), modules_of(survey)
    alerts: list[Packet] = []
    without, probes = defaultdict(list), defaultdict(list)
    for number, place in enumerate(CHOSEN[survey]):
        for path, reading in readings(inputs).items():
            for value in lacking(packets, path, reading):
                without[number, path].append((value, len(alerts)))
                alerts.append(with_value(packets[place], path, value, inputs))
            for value in others(packets, path):
                probes[number, path].append(len(alerts))
                alerts.append(with_value(packets[place], path, value, inputs))
    with catalogs_in(shared_data / "catalogs"):
        yield Variants(run(modules, batch_of(alerts, modules, survey), CACHE), inputs, without, probes)


def test_no_module_raises(variants: Variants) -> None:
    told = {why for reasons in variants.outcome.errors.values() for why in reasons.values()}
    assert [why for why in told if why.startswith(FAILED)] == []


def test_null_nan_and_fillers_are_the_same(variants: Variants) -> None:
    """But for neighbours, of which a filler says that none is there."""
    for (number, path), rows in variants.lacking.items():
        if names(variants.inputs, path) & variants.inputs.none_there:
            continue
        for column in variants.outcome.columns:
            found = [repr(variants.of(column, row)) for _, row in rows]
            assert len(set(found)) == 1, (number, path, column, list(zip(rows, found, strict=True)))


def test_a_field_that_could_change_an_answer_leaves_none_where_it_is_missing(variants: Variants) -> None:
    told = 0
    for (number, path), rows in variants.others.items():
        for column in variants.outcome.columns:
            answers = {repr(variants.of(column, row)) for row in rows}
            if len(answers) > 1 and not is_documented(column):
                value, row = variants.lacking[number, path][0]
                assert variants.of(column, row) is None, (number, path, value, column, answers)
                told += 1
    assert told > 15  # the alerts are ones whose answers depend on their fields


@pytest.mark.parametrize(
    ("given", "fillers", "none_there", "expected"),
    [
        ([1.0, NAN, INF, -INF], (-999.0,), False, [1.0, NAN, NAN, NAN]),
        ([1.0, -999.0, -99.0, -998.0], (-999.0, -99.0), False, [1.0, NAN, NAN, -998.0]),
        ([1.0, -999.0, NAN, INF], (-999.0, -99.0), True, [1.0, INF, NAN, NAN]),
        ([-999.0, 1.0], (), False, [-999.0, 1.0]),
    ],
)
def test_what_is_missing(
    given: list[float], fillers: tuple[float, ...], *, none_there: bool, expected: list[float]
) -> None:
    np.testing.assert_equal(known(np.array(given), fillers, none_there=none_there), np.array(expected))


def test_a_word_that_is_no_sign_is_none() -> None:
    assert [sign_of(word) for word in ("t", "T", "1", "true", "f", "0", "false")] == [1.0] * 4 + [0.0] * 3
    assert np.isnan([sign_of(word) for word in ("", "-999", "maybe")]).all()
