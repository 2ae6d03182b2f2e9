"""The enrich stream with modules that crash and hang: their own columns of two alerts are null, the stream goes on."""

import ctypes
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from enrich_bench import Bench, bronze_row
from pyspark.sql import Row

from fink_lib.enrich.science import science_of
from fink_lib.science.framework.base import FAILED, Module
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.registry import stream_modules
from fink_lib.surveys import get_survey
from tests.builders.packet_rows import read_packets

pytestmark = [
    pytest.mark.spark,
    # py4j leaves the sockets of foreachBatch's callbacks to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ALERT_S = 3.0


def spoilt(modules: tuple[Module, ...], name: str, alert_id: int, deed: Callable[[], Any]) -> tuple[Module, ...]:
    """Return the modules, one of which has a deed for one alert; it is pickled by value, a test is no library."""

    def replaced(module: Module) -> Module:
        honest = module.compute

        def compute(batch: AlertBatch, resource: Any) -> Any:
            if alert_id in batch.alert_id:
                deed()
            return honest(batch, resource)

        return replace(module, compute=compute) if module.name == name else module

    return tuple(replaced(module) for module in modules)


@pytest.fixture
def rows(shared_data: Path) -> list[dict[str, Any]]:
    packets = list(read_packets(shared_data / "ztf" / "ztf_public_20231018.tar.gz"))[:60]
    return [bronze_row(get_survey("ztf"), packet, offset) for offset, packet in enumerate(packets)]


def silver_of(bench: Bench) -> dict[int, Row]:
    return {row.alert_id: row for row in bench.silver.drop("enrich_time", "cutoutScience").collect()}


def test_a_crash_and_a_hang_cost_two_alerts_the_columns_of_one_module_each(
    bench: Bench, rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    crash, hang = rows[7]["alert_id"], rows[41]["alert_id"]
    crashing = spoilt(stream_modules("ztf"), "magnitude_rate", crash, partial(ctypes.string_at, 0))
    modules = spoilt(crashing, "detections", hang, partial(re.match, r"(a+)+$", "a" * 60 + "b"))
    settings = bench.settings.model_copy(update={"science_alert_s": ALERT_S})
    sound = replace(bench, settings=settings.model_copy(update={"home": tmp_path / "sound"}))
    sound.offer(rows)
    sound.run()
    monkeypatch.setattr("fink_lib.enrich.stream.science_of", partial(science_of, planted=modules))
    bench = replace(bench, settings=settings)
    bench.offer(rows)
    bench.run()
    expected, found = silver_of(sound), silver_of(bench)
    assert len(expected) == len(rows)
    assert set(found) == set(expected)
    told = {crash: ("magnitude_rate", "the module ended its process (SIGSEGV)"),
            hang: ("detections", f"took longer than {ALERT_S:g} s")}  # fmt: skip
    outputs = {module.name: {out.name for out in module.outputs} for module in modules}
    for alert_id, row in found.items():
        name, why = told.get(alert_id, ("", ""))
        lost = outputs.get(name, set())
        known = {**expected[alert_id].asDict(), **dict.fromkeys(lost)}
        if name:
            known["science_errors"] = {**known["science_errors"], name: f"{FAILED}{why}"}
        for column, value in row.asDict().items():
            if column not in dependents(modules, lost):
                assert repr(plain(value)) == repr(plain(known[column])), (alert_id, column)


def plain(value: Any) -> Any:
    """Return a map in the order of its keys."""
    return dict(sorted(value.items())) if isinstance(value, dict) else value


def dependents(modules: tuple[Module, ...], lost: set[str]) -> set[str]:
    """Return the columns of modules that read what was lost."""
    readers = [module for module in modules if lost & {*module.needs, *module.optional}]
    return {out.name for module in readers for out in module.outputs}
