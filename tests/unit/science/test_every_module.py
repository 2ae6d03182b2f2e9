"""Every registered module on real alerts: one result whatever the batch, and a documented one whatever the input."""

import io
import tarfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pytest

from fink_lib.config import Settings
from fink_lib.science.base import FAILED, NOT_RUN, Module
from fink_lib.science.batch import AlertBatch
from fink_lib.science.forming import batch_of_packets, wanted
from fink_lib.science.inputs import inputs_of
from fink_lib.science.registry import modules_of
from fink_lib.science.runner import Outcome, run
from fink_lib.surveys import get_survey

Packet = dict[str, Any]

CACHE = Settings().cache
MODULES = modules_of("ztf")
ALERTS = 300
ALONE = 25
YOUNG_DAYS = 10.0


@pytest.fixture(scope="module")
def packets(shared_data: Path) -> list[Packet]:
    """Return real alerts, every other one as a young one that passes the gates on age and number of detections."""
    found: list[Packet] = []
    for name in ("ztf_public_20231018", "ztf_2025_packets"):
        with tarfile.open(shared_data / "ztf" / f"{name}.tar.gz") as tar:
            for member in sorted(tar.getmembers(), key=lambda member: member.name):
                stream = tar.extractfile(member) if member.name.endswith(".avro") and member.size else None
                if stream is not None:
                    found += fastavro.reader(io.BytesIO(stream.read()))  # type: ignore[arg-type]  # records are dicts
    found = [*found[-55:], *found[: ALERTS - 55]]
    return [young(packet) if number % 2 else packet for number, packet in enumerate(found)]


def young(packet: Packet) -> Packet:
    now = packet["candidate"]
    return {**packet, "candidate": {**now, "jdstarthist": now["jd"] - YOUNG_DAYS, "ndethist": 9}}


def batch_of(packets: Sequence[Packet], modules: Sequence[Module] = MODULES) -> AlertBatch:
    inputs = inputs_of("ztf")
    return batch_of_packets(packets, wanted(modules, inputs), inputs, get_survey("ztf"))


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


def test_an_alert_gets_the_same_bytes_alone_in_two_and_in_many(packets: list[Packet]) -> None:
    batch = batch_of(packets)
    whole = run(MODULES, batch, CACHE)
    backwards = run(MODULES, batch.take(np.arange(len(batch))[::-1].copy()), CACHE)
    last = len(batch) - 1
    scored = dict.fromkeys(whole.columns, 0)
    for row in np.linspace(0, last, ALONE).astype(int).tolist():
        alone = run(MODULES, batch.take(np.array([row])), CACHE)
        pair = run(MODULES, batch.take(np.array([last - row, row])), CACHE)
        expected = as_bytes(whole, row)
        assert as_bytes(alone, 0) == expected
        assert as_bytes(pair, 1) == expected
        assert as_bytes(backwards, last - row) == expected
        for name, array in whole.columns.items():
            scored[name] += array[row].is_valid
    for name in ("snn_snia_vs_nonia", "rf_kn_vs_nonkn", "anomaly_score"):
        assert scored[name] >= 3, f"too few alerts have {name} for this test to say anything"


def test_every_output_of_every_alert_has_a_value_or_a_reason_or_is_undefined(packets: list[Packet]) -> None:
    outcome = run(MODULES, batch_of(packets), CACHE)
    for module in MODULES:
        reasons = outcome.errors.get(module.name, {})
        assert not [why for why in reasons.values() if why.startswith(FAILED)], module.name
        for out in module.outputs:
            array = outcome.columns[out.name]
            assert all(not array[row].is_valid for row in reasons), out.name


def broken(packet: Packet, **changes: Any) -> Packet:
    return {**packet, "candidate": {**packet["candidate"], **changes}}


def with_history(packet: Packet, points: int) -> Packet:
    """Return an alert with so many points: one every half day, g and r in turn."""
    row = {key: value for key, value in packet["candidate"].items() if key in packet["prv_candidates"][0]}
    now, draw = packet["candidate"]["jd"], np.random.default_rng(1)
    history = [
        {**row, "jd": now - 0.5 * (points - 1 - place), "fid": 1 + place % 2, "magpsf": 18.0 + draw.normal()}
        for place in range(points - 1)
    ]
    return {**packet, "prv_candidates": history}


NAN = float("nan")
BAD: dict[str, Callable[[Packet], Packet]] = {
    "NaN for every number": lambda packet: broken(
        packet, **{key: NAN for key, value in packet["candidate"].items() if isinstance(value, float) and key != "jd"}
    ),
    "null for every nullable number": lambda packet: broken(
        packet, **dict.fromkeys(("drb", "sgscore1", "distpsnr1", "ssdistnr", "jdstarthist", "classtar"))
    ),
    "infinite magnitude": lambda packet: broken(packet, magpsf=float("inf"), sigmapsf=float("inf")),
    "null history": lambda packet: {**packet, "prv_candidates": None},
    "empty history": lambda packet: {**packet, "prv_candidates": []},
    "empty stamps": lambda packet: {
        **packet, **{f"cutout{kind}": {"fileName": "x", "stampData": b""} for kind in ("Science", "Template")}
    },
    "null stamps": lambda packet: {**packet, **dict.fromkeys(("cutoutScience", "cutoutTemplate", "cutoutDifference"))},
    "one point": lambda packet: with_history(packet, 1),
    "a thousand points": lambda packet: with_history(packet, 1000),
}  # fmt: skip


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input_gives_a_result_no_exception_and_no_warning(
    case: str, packets: list[Packet], capfd: pytest.CaptureFixture[str]
) -> None:
    sound = next(packet for packet in packets[1::2] if packet["prv_candidates"])
    batch = batch_of([BAD[case](young(sound)), sound])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcome = run(MODULES, batch, CACHE)
    reasons = [why for told in outcome.errors.values() for why in told.values()]
    assert all(why.startswith(NOT_RUN) for why in reasons), reasons
    assert capfd.readouterr() == ("", "")
    alone = run(MODULES, batch.take(np.array([1])), CACHE)
    assert as_bytes(alone, 0) == as_bytes(outcome, 1)  # the sound alert beside it is not touched


def test_a_fact_from_outside_reaches_the_module_that_asks_for_it(packets: list[Packet]) -> None:
    batch = batch_of(packets[1:40:2])
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
