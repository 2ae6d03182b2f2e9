"""What `fink bench science` measures: real alerts, every module under a clock, two workers at once."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import fastavro
import pytest

from fink_lib.bench.science import CORES, YOUNG_DETECTIONS, Load, ScienceReport, measure, young
from fink_lib.config import Settings
from fink_lib.offline.run import batches_of
from fink_lib.science.batch import AlertBatch
from fink_lib.science.registry import modules_of
from fink_lib.surveys import get_survey


@pytest.fixture(scope="module")
def batches(shared_data: Path) -> list[AlertBatch]:
    """Return 40 real alerts in four batches."""
    packets: list[Any] = []
    with tarfile.open(shared_data / "ztf" / "ztf_public_20231018.tar.gz") as tar:
        for member in tar:
            stream = tar.extractfile(member) if member.name.endswith(".avro") else None
            if stream is not None and len(packets) < 40:
                packets += fastavro.reader(io.BytesIO(stream.read()))
    return list(batches_of(packets, modules_of("ztf"), get_survey("ztf"), size=10))


def test_every_module_is_measured_and_the_ratio_is_that_of_all(batches: list[AlertBatch]) -> None:
    load = measure(batches, "ztf", Settings().cache, decode_rate=1000.0)
    assert set(load.modules) == {module.name for module in modules_of("ztf")}
    assert load.ratio == pytest.approx(load.alerts_per_s / 1000.0, abs=1e-3)
    # A module whose catalogue is not on this machine computes nothing, and has no rate.
    alone = [cost["alerts_per_s"] for cost in load.modules.values() if cost["alerts_per_s"]]
    assert 0.0 < load.alerts_per_s <= min(alone)
    # clocks of two workers: what all modules took is what the slower worker took, or less
    assert sum(cost["ms_per_alert"] for cost in load.modules.values()) <= CORES * 1000.0 / load.alerts_per_s
    assert load.modules["detections"]["with_result"] == 1.0


def test_young_alerts_pass_the_gates_on_age_and_detections(batches: list[AlertBatch]) -> None:
    made = young(batches[0])
    assert (made.scalars["time"] - made.scalars["first_time"]).max() == pytest.approx(10.0)
    assert made.scalars["n_detections"].max() <= YOUNG_DETECTIONS
    assert set(made.results["cdsxmatch"].to_pylist()) == {"Unknown"}
    assert batches[0].scalars["n_detections"].max() > YOUNG_DETECTIONS  # the alerts themselves are left alone


def test_the_report_has_the_figures_on_top() -> None:
    load = Load(500.0, 0.5, {"host": {"alerts_per_s": 9.0}})
    told = json.loads(ScienceReport("ztf", 4000, 320, 1000.0, whole=load, young=Load(300.0, 0.3, {})).as_json())
    assert (told["alerts_per_s"], told["ratio"], told["decode_rate"]) == (500.0, 0.5, 1000.0)
    assert told["modules"] == {"host": {"alerts_per_s": 9.0}}
    assert told["young"]["ratio"] == 0.3
