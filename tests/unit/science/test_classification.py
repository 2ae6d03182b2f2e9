"""The two schemes: Fink's rule reproduced case by case, and each of its defects corrected in the other."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from science_bench import CACHE, NAN, batch_of, one_alert

from fink_lib.science.cases.classification import compute
from fink_lib.science.cases.host import Host, kind_of_label
from fink_lib.science.framework.registry import MODULES, modules_of
from fink_lib.science.framework.runner import run
from fink_lib.science.methods.classify import labels
from fink_lib.science.methods.classify.rules import AMBIGUOUS
from fink_lib.science.methods.classify.schemes import DEFAULT, FINK
from tests.builders.packet_rows import read_packets

ALERT = {"deep_real_bogus": 0.9, "star_galaxy": 0.9, "n_detections": 5.0, "time": 103.0, "first_time": 100.0}
# SIMBAD answered that nothing is there, and no other module found anything.
QUIET: dict[str, Any] = {
    "cdsxmatch": "Unknown", "roid": 0, "mulens": 0.0, "tns": "", "vsx": "Unknown", "gcvs": "Unknown",
    "ps1_shape": "Unknown", "snn_snia_vs_nonia": 0.1, "snn_sn_vs_all": 0.1, "rf_snia_vs_nonia": 0.1,
    "rf_kn_vs_nonkn": 0.1,
}  # fmt: skip
SN = {"snn_sn_vs_all": 0.9}


def classes(results: dict[str, Any], **alert: float) -> tuple[str, str]:
    """Return the class by both schemes of one alert; a result of None is null, one of `...` was not computed."""
    columns, _ = decided(results, **alert)
    return columns["finkclass"], columns["class_default"]


def decided(results: dict[str, Any], **alert: float) -> tuple[dict[str, Any], dict[str, list[str]]]:
    batch = one_alert(ALERT | alert)
    given = {name: pa.array([value]) for name, value in (QUIET | results).items() if value is not ...}
    object.__setattr__(batch, "results", given)
    found = compute(batch, None)
    words = {name: found[name][0] for name in ("finkclass", "class_default")}
    return words, {name: found[f"{name}_reasons"].to_pylist()[0] for name in words}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("results", "alert", "fink", "default"),
    [
        ({}, {}, "Unknown", "Unknown"),
        ({"mulens": 0.4}, {}, "Microlensing candidate", "Microlensing candidate"),
        (SN, {}, "SN candidate", "SN candidate"),
        ({"snn_snia_vs_nonia": 0.51}, {}, "SN candidate", "SN candidate"),
        (SN, {"n_detections": 1.0}, "Unknown", "Unknown"),
        (SN, {"deep_real_bogus": 0.5}, "Unknown", "Unknown"),
        (SN, {"deep_real_bogus": NAN}, "Unknown", "Unknown"),
        (SN, {"star_galaxy": 0.4}, "Unknown", "Unknown"),
        (SN, {"time": 191.0}, "Unknown", "Unknown"),
        (SN | {"rf_snia_vs_nonia": 0.6}, {}, "Early SN Ia candidate", "Early SN Ia candidate"),
        (SN | {"rf_snia_vs_nonia": 0.6}, {"n_detections": 21.0}, "SN candidate", "SN candidate"),
        (SN | {"rf_snia_vs_nonia": 0.6}, {"n_detections": 1.0}, "Early SN Ia candidate", "Early SN Ia candidate"),
        ({"rf_kn_vs_nonkn": 0.6}, {}, "Kilonova candidate", "Kilonova candidate"),
        ({"rf_kn_vs_nonkn": 0.6}, {"time": 105.0}, "Unknown", "Unknown"),
        ({"roid": 2}, {}, "Solar System candidate", "Solar System candidate"),
        ({"roid": 2, "tracklet": "TRCK_20211122_010203_00"}, {}, "Tracklet", "Tracklet"),
        ({"roid": 3}, {}, "Solar System MPC", "Solar System MPC"),
        ({"mulens": 0.4} | SN, {}, AMBIGUOUS, AMBIGUOUS),
        (SN | {"roid": 2}, {}, AMBIGUOUS, AMBIGUOUS),
        (SN | {"cdsxmatch": "Galaxy"}, {}, "SN candidate", "SN candidate"),
        (SN | {"cdsxmatch": "RRLyrae"}, {}, "RRLyrae", "RRLyrae"),
        ({"cdsxmatch": "Supernova"}, {}, "Supernova", "Supernova"),
        ({"cdsxmatch": "Transient"}, {}, "Unknown", "Unknown"),
    ],
)
def test_both_schemes_agree_where_nothing_is_wrong(
    results: dict[str, Any], alert: dict[str, float], fink: str, default: str
) -> None:
    assert classes(results, **alert) == (fink, default)


@pytest.mark.parametrize(
    ("defect", "results", "fink", "default"),
    [
        ("an outage is no galaxy", SN | {"cdsxmatch": "Fail 504", "ps1_shape": "star"}, "SN candidate", "Unknown"),
        ("an outage of a kind that Fink's list lacks", SN | {"cdsxmatch": "Fail 503"}, "Unknown", "SN candidate"),
        ("nor is a service not asked", SN | {"cdsxmatch": ..., "ps1_shape": "star"}, "SN candidate", "Unknown"),
        ("nor is a null", SN | {"cdsxmatch": None, "ps1_shape": None}, "SN candidate", "Unknown"),
        ("a local galaxy is evidence", SN | {"cdsxmatch": ..., "ps1_shape": "galaxy"}, "SN candidate", "SN candidate"),
        ("a known star is none", SN | {"cdsxmatch": ..., "vsx": "EW"}, "SN candidate", "(VSX) EW"),
        ("so is a star of GCVS", {"cdsxmatch": "Fail", "gcvs": "RRAB"}, "Unknown", "(GCVS) RRAB"),
        ("but not a supernova of VSX", SN | {"cdsxmatch": ..., "vsx": "SN"}, "SN candidate", "SN candidate"),
        ("words of 2022", SN | {"cdsxmatch": "Seyfert2"}, "Seyfert2", "SN candidate"),
        ("old words of today's", {"cdsxmatch": "Candidate_SN*"}, "Candidate_SN*", "Unknown"),
        ("active galaxies", {"cdsxmatch": "Seyfert_1"}, "Seyfert_1", "Seyfert1"),
        ("an asteroid before a star", {"roid": 3, "cdsxmatch": "Star"}, "Star", "Solar System MPC"),
        ("the type of TNS", SN | {"tns": "SLSN-I"}, "SN candidate", "(TNS) SLSN-I"),
        ("TNS after SIMBAD", {"tns": "SN Ia", "cdsxmatch": "Star"}, "Star", "(TNS) SN Ia"),
        ("all families count", {"rf_kn_vs_nonkn": 0.9} | SN, "Kilonova candidate", AMBIGUOUS),
        ("lensing and a kilonova", {"rf_kn_vs_nonkn": 0.9, "mulens": 0.3}, "Kilonova candidate", AMBIGUOUS),
    ],
)
def test_each_defect_is_corrected(defect: str, results: dict[str, Any], fink: str, default: str) -> None:
    assert classes(results) == (fink, default), defect


def test_every_reason_is_told() -> None:
    words, reasons = decided(SN | {"roid": 2, "cdsxmatch": "RRLyrae"})
    assert words["finkclass"] == "RRLyrae"
    assert reasons["finkclass"] == ["Solar System candidate: roid is 2", "RRLyrae: fink_simbad_decides"]
    words, reasons = decided(SN | {"mulens": 0.3})
    assert words["class_default"] == AMBIGUOUS
    assert [why.partition(":")[0] for why in reasons["class_default"]] == ["Microlensing candidate", "SN candidate"]
    assert (
        "snn_snia_vs_nonia > 0.5 or snn_sn_vs_all > 0.5, extragalactic, age_days <= 90" in reasons["class_default"][1]
    )


def test_the_list_of_extragalactic_labels_is_that_of_fink() -> None:
    assert len(labels.FINK_EXTRAGALACTIC) == 34
    assert {"Fail", "Fail 504", "Unknown"} <= labels.FINK_EXTRAGALACTIC
    assert not {"Supernova", "Seyfert2"} & labels.FINK_EXTRAGALACTIC
    assert {"Supernova", "Seyfert2", "Seyfert_2"} <= labels.EXTRAGALACTIC
    assert not {"Fail", "Fail 504", "Unknown", "Star", "QSO"} & labels.EXTRAGALACTIC


def test_there_is_one_list_of_galaxies_for_the_gate_and_the_class() -> None:
    """Two lists differed in SClG_Candidate, GrG_Candidate, G_Candidate, GtowardsPair and HighzG."""
    for label in ("SClG_Candidate", "GrG_Candidate", "G_Candidate", "GtowardsPair", "HighzG", *labels.EXTRAGALACTIC):
        assert label in labels.EXTRAGALACTIC
        assert kind_of_label(label) is Host.EXTRAGALACTIC
    for label in labels.FINK_EXTRAGALACTIC:
        expected = {"Unknown": Host.EMPTY, "Fail": Host.NOT_AVAILABLE, "Fail 504": Host.NOT_AVAILABLE}
        assert kind_of_label(label) is expected.get(label, Host.EXTRAGALACTIC)
    assert {kind_of_label(label) for label in ("Star", "QSO", "AGN", "RRLyrae")} == {Host.OTHER}
    assert kind_of_label("Fail 503") is Host.NOT_AVAILABLE


def test_schemes_name_their_rules_once_and_the_module_is_the_last() -> None:
    for scheme in (FINK, DEFAULT):
        assert len({(rule.label, rule.final) for rule in scheme.rules}) == len(scheme.rules)
    assert modules_of("ztf")[-1].name == "classification"


def test_the_class_is_the_one_that_fink_published(shared_data: Path) -> None:
    """Fink's scores in, Fink's class out; the alerts that have one were published by science 8.x."""
    published = pd.read_parquet(shared_data / "fink_outputs" / "ztf_2025.parquet").set_index("candid")
    packets = [
        packet for packet in read_packets(shared_data / "ztf" / "ztf_2025_packets.tar.gz")
        if isinstance(published.loc[packet["candid"], "finkclass"], str)
    ]  # fmt: skip
    theirs = published.loc[[packet["candid"] for packet in packets]]
    modules = tuple(module for module in MODULES if module.name == "classification")
    batch = batch_of(packets, modules)
    given = {name: pa.array(theirs[name].tolist()) for name in QUIET if name in theirs}
    object.__setattr__(batch, "results", given)
    assert list(compute(batch, None)["finkclass"]) == theirs["finkclass"].tolist()
    assert len(packets) == 20


def test_in_the_chain_absent_results_are_absent(shared_data: Path) -> None:
    packets = list(read_packets(shared_data / "ztf" / "ztf_public_20231018.tar.gz"))[:120]
    modules = modules_of("ztf")
    outcome = run(modules, batch_of(packets, modules), CACHE)
    assert "classification" not in outcome.errors
    words = outcome.columns["class_default"].to_pylist()
    assert None not in words
    assert "Solar System MPC" in words
    assert any(word.startswith("(VSX)") for word in words)
    known = np.array(outcome.columns["roid"].to_pylist()) == 3
    assert {words[row] for row in np.flatnonzero(known)} == {"Solar System MPC"}
