"""What `fink bench science` measures: real alerts, every module under a clock, two workers at once."""

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import fastavro
import pytest

from fink_lib.bench.run import passes
from fink_lib.bench.science import CORES, Load, ScienceReport, check_loaded, measure, with_catalogs
from fink_lib.config import Settings
from fink_lib.errors import ConfigError, SurveyError
from fink_lib.offline.run import batches_of
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.registry import modules_of, stream_modules
from fink_lib.science.framework.runner import run
from fink_lib.surveys import Cut, get_survey
from fink_lib.surveys.ztf.young import make_young


@pytest.fixture(scope="module")
def packets(shared_data: Path) -> list[Any]:
    """Return 40 real alerts."""
    found: list[Any] = []
    with tarfile.open(shared_data / "ztf" / "ztf_public_20231018.tar.gz") as tar:
        for member in tar:
            stream = tar.extractfile(member) if member.name.endswith(".avro") else None
            if stream is not None and len(found) < 40:
                found += fastavro.reader(io.BytesIO(stream.read()))
    return found


@pytest.fixture(scope="module")
def batches(packets: list[Any]) -> list[AlertBatch]:
    """Return the alerts in four batches."""
    return list(batches_of(packets, modules_of("ztf"), get_survey("ztf"), size=10))


def test_every_module_is_measured(batches: list[AlertBatch]) -> None:
    modules = measure(batches, "ztf", Settings().cache)
    assert set(modules) == {module.name for module in modules_of("ztf")}
    assert modules["detections"]["with_result"] == 1.0
    assert modules["hostless"]["with_result"] < 1.0
    # clocks of two workers: an alert on one core takes as long as two cores need for two
    for cost in modules.values():
        if cost["alerts_per_s"] and cost["ms_per_alert"] > 0.01:
            assert cost["alerts_per_s"] * cost["ms_per_alert"] == pytest.approx(CORES * 1000.0, rel=0.05)


def test_fewer_batches_than_workers_are_refused_instead_of_waited_for(batches: list[AlertBatch]) -> None:
    with pytest.raises(ConfigError, match="1 batches for 2 processes"):
        measure(batches[:1], "ztf", Settings().cache)


def test_young_alerts_pass_the_gate_of_every_module(packets: list[Any]) -> None:
    ztf, modules = get_survey("ztf"), modules_of("ztf")
    made = [make_young(packet, number) for number, packet in enumerate(packets)]
    assert all(passes(packet, ztf) for packet in made)
    (batch,) = batches_of(made, modules, ztf)
    outcome = run(modules, batch, Settings().cache)
    for name in ("microlensing", "early_snia", "supernnova", "kilonova", "anomaly"):
        assert name not in outcome.errors, outcome.errors[name]
    # where a stamp is cut by an edge or has blank pixels there is nothing to look at
    assert all(" stamp " in why for why in outcome.errors["hostless"].values())
    assert len(outcome.errors["hostless"]) <= 0.25 * len(made)
    assert min(value for value in outcome.columns["rf_snia_vs_nonia"].to_pylist()) > 0.0


def test_modules_that_are_not_loaded_are_not_measured(tmp_path: Path) -> None:
    def load(_cache: Path) -> None:
        raise SurveyError("no such file")

    lacking = replace(stream_modules("ztf")[0], name="lacking", load=load)
    with pytest.raises(ConfigError, match="not to be measured: lacking; set FINK_CATALOGS"):
        check_loaded([*stream_modules("ztf")[:2], lacking], tmp_path)


def test_catalogues_are_those_of_the_settings_or_of_the_extra_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINK_CATALOGS", "")
    (tmp_path / "catalogs").mkdir()
    extra = Settings(shared_data=tmp_path, catalogs=None)
    assert with_catalogs(extra).catalogs == tmp_path / "catalogs"
    own = extra.model_copy(update={"catalogs": tmp_path / "mine"})
    assert with_catalogs(own).catalogs == tmp_path / "mine"


def test_a_packet_that_is_cut_is_not_measured(packets: list[Any]) -> None:
    ztf, good = get_survey("ztf"), packets[0]
    assert passes(good, ztf)
    for changes in ({"rb": 0.5}, {"rb": None}, {"nbad": 1}):
        assert not passes({**good, "candidate": {**good["candidate"], **changes}}, ztf)
    unflagged = replace(ztf, cuts=(Cut.unless("odd", "candidate.odd", ""),))
    assert [passes({"candidate": {"odd": odd}}, unflagged) for odd in (True, False, None)] == [False, True, True]
    assert passes({}, unflagged)
    with pytest.raises(ConfigError, match="cut odd of ztf is no plain comparison"):
        passes(good, replace(ztf, cuts=(Cut("odd", "candidate.rb BETWEEN 0 AND 1", ""),)))


def test_the_report_has_the_figures_on_top() -> None:
    whole = Load(500.0, 0.5, 1000.0, (480.0, 500.0), {"host": {"alerts_per_s": 9.0}})
    told = json.loads(ScienceReport("ztf", 4000, 320, whole=whole, young=Load(300.0, 0.3)).as_json())
    assert (told["alerts_per_s"], told["ratio"], told["decode_rate"]) == (500.0, 0.5, 1000.0)
    assert told["modules"] == {"host": {"alerts_per_s": 9.0}}
    assert told["young"]["ratio"] == 0.3
