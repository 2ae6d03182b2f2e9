"""However a module dies or hangs: only its own columns of the guilty alert are null, all else is as without it."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pytest
from planted_modules import INPUTS, LIMITS, NAME, TERRIBLE, alerts, apart, between, planted, segfault, struct_of
from science_bench import CACHE

from fink_lib.errors import FinkError
from fink_lib.science.framework.base import FAILED, NOT_RUN, Module
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.batch_builder import form_batch, wanted
from fink_lib.science.framework.isolation import Isolated, Limits
from fink_lib.science.framework.isolation.found import Found
from fink_lib.science.framework.isolation.search import PARTS
from fink_lib.science.framework.registry import modules_of
from fink_lib.science.framework.runner import run
from fink_lib.surveys import get_survey

COUNT, GUILTY = 36, 17


@pytest.fixture(scope="module")
def packets(real_alerts: Path) -> list[dict[str, Any]]:
    return alerts(real_alerts, COUNT)


def found_on(packets: list[dict[str, Any]], modules: tuple[Module, ...], limits: Limits = LIMITS) -> Found:
    with closing(apart(modules, limits)) as isolated:
        return isolated.run(struct_of(packets, modules))


def rows(found: Found) -> list[dict[str, Any]]:
    """Return every value bit for bit, with the errors."""
    columns = {**found.columns, "errors": found.errors}
    return [{name: repr(array[row].as_py()) for name, array in columns.items()} for row in range(len(found.errors))]


def told(found: Found, row: int) -> dict[str, str]:
    return dict(found.errors[row].as_py())


def ids(packets: list[dict[str, Any]], *places: int) -> list[int]:
    return [packets[place]["candid"] for place in places]


@pytest.mark.parametrize("name", TERRIBLE)
def test_only_the_columns_of_the_guilty_alert_are_null(name: str, packets: list[dict[str, Any]]) -> None:
    deed, why = TERRIBLE[name]
    sound = found_on(packets, between(planted()))
    spoilt = found_on(packets, between(planted(deed, ids(packets, GUILTY))))
    assert told(sound, GUILTY) == {}
    assert told(spoilt, GUILTY)[NAME].startswith(f"{FAILED}{why}")
    assert set(told(spoilt, GUILTY)) == {NAME}
    expected = rows(sound)
    expected[GUILTY] |= {NAME: "None", "twice": "None", "errors": repr([(NAME, told(spoilt, GUILTY)[NAME])])}
    assert rows(spoilt) == expected


def test_all_modules_of_the_stream_beside_one_that_crashes(packets: list[dict[str, Any]]) -> None:
    stream = modules_of("ztf")
    modules = between(planted(segfault, ids(packets, GUILTY)), *(module.name for module in stream))
    spoilt = found_on(packets, modules)
    form = partial(form_batch, want=wanted(stream, INPUTS), inputs=INPUTS, survey=get_survey("ztf"))
    direct = run(stream, form(struct_of(packets, stream)), CACHE)
    for name, array in direct.columns.items():
        assert repr(spoilt.columns[name].to_pylist()) == repr(array.to_pylist()), name
    assert [row for row in range(COUNT) if NAME in told(spoilt, row)] == [GUILTY]
    without = [{name: why for name, why in told(spoilt, row).items() if name != NAME} for row in range(COUNT)]
    assert without == [dict(pairs) for pairs in direct.error_maps(COUNT).to_pylist()]


def test_no_result_depends_on_how_the_batch_is_cut(packets: list[dict[str, Any]]) -> None:
    many = packets * 5
    modules = between(planted(segfault, ids(packets, 3, 4, 30)))
    with closing(apart(modules)) as isolated:
        whole = isolated.run(struct_of(many, modules))
        assert len(many) > 2 * PARTS
        parts = [rows(isolated.run(struct_of(many[at : at + 7], modules))) for at in range(0, COUNT, 7)]
    assert rows(whole)[:COUNT] == [row for part in parts for row in part][:COUNT]
    guilty = [row for row in range(len(many)) if told(whole, row)]
    assert guilty == [place + shift for shift in range(0, len(many), COUNT) for place in (3, 4, 30)]


def test_a_module_that_ends_every_process_spares_the_others(packets: list[dict[str, Any]]) -> None:
    found = found_on(packets[:4], between(planted(segfault, ids(packets, 0, 1, 2, 3))))
    assert found.columns[NAME].null_count == found.columns["twice"].null_count == 4
    assert {told(found, row)[NAME] for row in range(4)} == {f"{FAILED}the module ended its process (SIGSEGV)"}
    assert found.columns["nalerthist"].null_count == found.columns["delta_time"].null_count == 0


def test_a_search_ends(packets: list[dict[str, Any]]) -> None:
    """A module that holds up alert after alert must not hold up the stream."""
    modules = between(planted(segfault, ids(packets, 0)))
    found = found_on(packets, modules, replace(LIMITS, search_s=0.0))
    assert {told(found, row)[NAME] for row in range(COUNT)} == {
        f"{FAILED}not tried: others of its batch held up the module for 0 s"
    }
    assert found.columns["nalerthist"].null_count == 0


@pytest.mark.parametrize("name", ["segfault", "sleeps", "20 GB", "sys.exit", "_exit"])
def test_a_loader_that_ends_the_process_costs_its_module_alone(name: str, packets: list[dict[str, Any]]) -> None:
    deed, why = TERRIBLE[name]
    why = {"20 GB": "MemoryError: Unable to allocate 20.0 GiB"}.get(name, why)
    module = planted(load=lambda _cache: deed())
    with closing(apart(between(module), replace(LIMITS, load_s=3.0))) as isolated:
        for _ in range(2):  # it is not loaded a second time
            found = isolated.run(struct_of(packets[:5], between(module)))
            assert all(told(found, row)[NAME].startswith(f"{NOT_RUN}not loaded: {why}") for row in range(5))
            assert found.columns["nalerthist"].null_count == 0


def test_a_packet_that_cannot_be_read_costs_its_own_science_alone(packets: list[dict[str, Any]]) -> None:
    modules = between(planted())
    form = partial(form_batch, want=wanted(modules, INPUTS), inputs=INPUTS, survey=get_survey("ztf"))

    def picky(columns: pa.StructArray) -> AlertBatch:
        if ids(packets, GUILTY)[0] in columns.field("alert_id").to_pylist():
            raise KeyError("no such thing")
        return form(columns)

    with closing(apart(modules, form=picky)) as isolated:
        found = isolated.run(struct_of(packets, modules))
    assert set(told(found, GUILTY).values()) == {f"{FAILED}KeyError: 'no such thing'"}
    assert set(told(found, GUILTY)) == {module.name for module in modules}
    expected = rows(found_on(packets, modules))
    assert [row for at, row in enumerate(rows(found)) if at != GUILTY] == expected[:GUILTY] + expected[GUILTY + 1 :]


def test_an_empty_batch_is_answered() -> None:
    found = found_on([], between(planted()))
    assert {len(array) for array in found.columns.values()} == {0}
    assert len(found.errors) == 0


def pid_of(isolated: Isolated) -> int:
    process = isolated._cell._process
    assert process is not None
    return process._pid


def test_a_process_that_somebody_kills_between_two_batches_is_replaced(packets: list[dict[str, Any]]) -> None:
    modules = between(planted())
    with closing(apart(modules)) as isolated:
        before = rows(isolated.run(struct_of(packets, modules)))
        os.kill(pid_of(isolated), signal.SIGKILL)
        assert rows(isolated.run(struct_of(packets, modules))) == before
        last = pid_of(isolated)
    assert not psutil.pid_exists(last)


def test_a_process_that_does_not_start_is_no_fault_of_an_alert(
    packets: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fink_lib.science.framework.isolation.cell.run_apart", lambda *_: os._exit(7))
    with pytest.raises(FinkError, match=r"does not start: .*exit code 7"):
        found_on(packets, between(planted()))


WORKER = """
import os, signal, sys, threading, time
sys.path.insert(0, sys.argv[1])
from planted_modules import *

modules = between(planted(hold_the_gil, [7]))
isolated = apart(modules)

def die_when_it_hangs():
    while isolated._cell._process is None or isolated._cell._process._line.mark.place.module != 1:
        time.sleep(0.05)
    time.sleep(0.3)
    print(isolated._cell._process._pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

threading.Thread(target=die_when_it_hangs).start()
isolated.run(struct_of([{"candid": 7}], modules))
"""


def test_the_process_apart_does_not_outlive_its_worker() -> None:
    worker = [sys.executable, "-c", WORKER, str(Path(__file__).parent)]
    done = subprocess.run(worker, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    orphan, until_s = int(done.stdout), time.monotonic() + 10.0
    while psutil.pid_exists(orphan) and psutil.Process(orphan).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until_s, "it lives on"
        time.sleep(0.05)
