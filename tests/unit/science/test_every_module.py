"""Every registered module on real alerts: one result whatever the batch, and a documented one whatever the input."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.types as kinds
import pytest
from many_alerts import COUNT, catalogs_in, two_thousand, ztf_packets
from science_bench import CACHE, batch_of

from fink_lib.science.framework.base import FAILED
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.registry import modules_of
from fink_lib.science.framework.runner import Outcome, run

MODULES = modules_of("ztf")
ALONE = 12


@pytest.fixture(scope="module")
def catalogs(shared_data: Path) -> Iterator[None]:
    with catalogs_in(shared_data / "catalogs"):
        yield


@pytest.fixture(scope="module", params=("lsst", "ztf"))
def many(request: pytest.FixtureRequest, shared_data: Path, catalogs: None) -> tuple[str, AlertBatch, Outcome]:
    """Return two thousand alerts of a survey, and what all its modules found."""
    batch = two_thousand(request.param, shared_data)
    assert len(batch) == COUNT
    return request.param, batch, run(modules_of(request.param), batch, CACHE)


def as_bytes(outcome: Outcome, row: int) -> dict[str, bytes]:
    """Return one alert's outputs and errors as bytes: Arrow's own, so that no number is rounded."""
    columns = {name: array.slice(row, 1) for name, array in outcome.columns.items()}
    columns["errors"] = pa.array([sorted((name, told[row]) for name, told in outcome.errors.items() if row in told)])
    found = {}
    for name, array in columns.items():
        sink = io.BytesIO()
        compact = pa.table({name: pa.concat_arrays([array.take([0])])})
        with pa.ipc.new_stream(sink, compact.schema) as writer:
            writer.write_table(compact)
        found[name] = sink.getvalue()
    return found


def leaves(outcome: Outcome) -> dict[str, npt.NDArray[np.bool_]]:
    """Return which alerts have a value, for every output and every field of a struct."""
    found = {}
    for name, array in outcome.columns.items():
        parts = {name: array}
        if kinds.is_struct(array.type):
            parts = {f"{name}.{field.name}": part for field, part in zip(array.type, array.flatten(), strict=True)}
        found |= {key: np.asarray(part.is_valid()) for key, part in parts.items()}
    return found


def rows_with_all_values(valid: dict[str, npt.NDArray[np.bool_]]) -> list[int]:
    """Return a few rows that together have a value in every column."""
    left, rows = dict(valid), []
    while left:
        rows.append(int(np.argmax(np.sum(list(left.values()), axis=0))))
        left = {key: flags for key, flags in left.items() if not flags[rows[-1]]}
    return rows


def test_an_alert_gets_the_same_bytes_alone_in_two_and_in_two_thousand(
    many: tuple[str, AlertBatch, Outcome],
) -> None:
    survey, batch, whole = many
    modules, valid = modules_of(survey), leaves(whole)
    assert [key for key, flags in valid.items() if not flags.any()] == []
    telling = rows_with_all_values(valid)
    for row in sorted({*telling, *np.linspace(0, COUNT - 1, ALONE).astype(int).tolist()}):
        alone = run(modules, batch.take(np.array([row])), CACHE)
        pair = run(modules, batch.take(np.array([COUNT - 1 - row, row])), CACHE)
        expected = as_bytes(whole, row)
        assert as_bytes(alone, 0) == expected
        assert as_bytes(pair, 1) == expected


def test_the_order_of_a_batch_changes_nothing(many: tuple[str, AlertBatch, Outcome]) -> None:
    survey, batch, whole = many
    rows = np.random.default_rng(4).permutation(COUNT)[:200]
    mixed = run(modules_of(survey), batch.take(rows), CACHE)
    for place, row in enumerate(rows[:50].tolist()):
        assert as_bytes(mixed, place) == as_bytes(whole, row)


def test_every_output_of_every_alert_has_a_value_or_a_reason_or_is_undefined(
    many: tuple[str, AlertBatch, Outcome],
) -> None:
    survey, _, outcome = many
    for module in modules_of(survey):
        reasons = outcome.errors.get(module.name, {})
        assert not [why for why in reasons.values() if why.startswith(FAILED) or "not loaded" in why], module.name
        assert len(reasons) < COUNT, module.name
        for out in module.outputs:
            array = outcome.columns[out.name]
            assert all(not array[row].is_valid for row in reasons), out.name


def test_a_fact_from_outside_reaches_the_module_that_asks_for_it(shared_data: Path) -> None:
    batch = batch_of(ztf_packets(shared_data)[1:40:2], MODULES)
    star = replace(batch, results={"cdsxmatch": pa.array(["Mira"] * len(batch))})
    galaxy = replace(batch, results={"cdsxmatch": pa.array(["Seyfert2"] * len(batch))})
    failed = replace(batch, results={"cdsxmatch": pa.array(["Fail 504"] * len(batch))})
    kinds = {name: run(MODULES, given, CACHE) for name, given in
             {"none": batch, "star": star, "galaxy": galaxy, "failed": failed}.items()}  # fmt: skip
    assert set(kinds["star"].columns["host_kind"].to_pylist()) == {"other"}
    assert kinds["star"].columns["snn_sn_vs_all"].null_count == len(batch)
    assert set(kinds["galaxy"].columns["host_kind"].to_pylist()) == {"extragalactic"}
    assert kinds["failed"].columns["host_kind"].equals(kinds["none"].columns["host_kind"])
    assert "extragalactic" not in kinds["failed"].columns["host_kind"].to_pylist()
