"""Every Rubin module on real packets of the survey and on simulated ones."""

import re
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fink_lib.config import Settings
from fink_lib.science.cases.light_curve_features import FEATURES
from fink_lib.science.framework.base import FAILED, NOT_RUN
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.batch_builder import batch_of_packets, wanted
from fink_lib.science.framework.registry import modules_of
from fink_lib.science.framework.runner import Outcome, run, versions
from fink_lib.science.methods.rubin.points import light_curves
from fink_lib.science.training.elasticc import read_elasticc
from fink_lib.surveys import get_survey
from fink_lib.surveys.checks import decode
from fink_lib.surveys.framing import ConfluentFraming
from fink_lib.surveys.inputs import BANDS, inputs_of
from fink_lib.surveys.schema_source import FolderSchemas

CACHE = Settings().cache
MODULES = modules_of("lsst")


@pytest.fixture(scope="module")
def packets(shared_data: Path) -> list[dict[str, Any]]:
    framing = ConfluentFraming(FolderSchemas(shared_data / "schemas" / "lsst"))
    with tarfile.open(shared_data / "lsst" / "lsst_v10_0_wire.tar.gz") as archive:
        streams = [archive.extractfile(member) for member in archive if member.isfile()]
        return [decode(framing.unwrap(stream.read())) for stream in streams if stream]


@pytest.fixture(scope="module")
def batch(packets: list[dict[str, Any]]) -> AlertBatch:
    inputs = inputs_of("lsst")
    return batch_of_packets(packets, wanted(MODULES, inputs), inputs, get_survey("lsst"))


@pytest.fixture(scope="module")
def outcome(batch: AlertBatch) -> Outcome:
    return run(MODULES, batch, CACHE)


@pytest.fixture(scope="module")
def simulated(shared_data: Path) -> AlertBatch:
    whole, _ = read_elasticc(shared_data / "elasticc", MODULES_ELASTICC)
    return whole.take(np.arange(0, len(whole), 40))


MODULES_ELASTICC = tuple(
    module
    for module in MODULES
    if not {"sso_source", "sso_offset", "n_detections", "template_flux"} & set(module.scalars)
)
MODULES_ELASTICC = tuple(module for module in MODULES_ELASTICC if module.name != "label_rubin" and not module.stamps)


def test_no_module_fails_and_every_alert_that_was_not_run_says_why(outcome: Outcome) -> None:
    reasons = {why for rows in outcome.errors.values() for why in rows.values()}
    assert not [why for why in reasons if why.startswith(FAILED)]
    assert all(why.startswith(NOT_RUN) for why in reasons)


def test_cats_gives_the_value_that_fink_published(outcome: Outcome) -> None:
    scores = [score for score in outcome.columns["cats_score"].to_pylist() if score is not None]
    assert min(abs(score - 0.93725234) for score in scores) < 5e-7


def test_classes_are_the_taxonomys_and_need_two_points(outcome: Outcome, batch: AlertBatch) -> None:
    classes = outcome.columns["cats_class"].to_pylist()
    assert {code for code in classes if code is not None} <= {11, 12, 13, 21, 22}
    single = batch.history("time").lengths == 1
    assert single.sum() > 50
    assert {classes[row] for row in np.flatnonzero(single)} == {None}


def test_scores_are_probabilities(outcome: Outcome) -> None:
    for name in ("snn_sn_vs_others", "early_snia_score", "cats_score"):
        values = [value for value in outcome.columns[name].to_pylist() if value is not None]
        assert len(values) > (30 if name == "early_snia_score" else 50), name
        assert all(0.0 <= value <= 1.0 for value in values), name


def test_solar_system_objects_are_those_whose_packet_says_so(outcome: Outcome, packets: list[dict[str, Any]]) -> None:
    known = [packet.get("ssSource") is not None for packet in packets]
    assert sum(known) == 34
    assert outcome.columns["is_sso"].to_pylist() == known
    labels = outcome.columns["label"].to_pylist()
    assert {label for label, flag in zip(labels, known, strict=True) if flag} == {"Solar System"}


def test_the_label_is_the_first_of_its_reasons(outcome: Outcome) -> None:
    pairs = list(zip(outcome.columns["label"].to_pylist(), outcome.columns["label_reasons"].to_pylist(), strict=True))
    assert all(label == (reasons[0] if reasons else "Unknown") for label, reasons in pairs)
    assert len({label for label, _ in pairs}) > 3


def test_features_are_those_of_the_flux_in_each_band(outcome: Outcome, batch: AlertBatch) -> None:
    checked = 0
    for place, band in enumerate(BANDS):
        column = outcome.columns[f"lc_features_{band}"].to_pylist()
        assert set(column[0]) == set(FEATURES)
        for row, found in enumerate(column):
            inside = slice(batch.offsets[row], batch.offsets[row + 1])
            flux = batch.histories["flux"][inside][batch.histories["band"][inside] == place]
            if len(flux):
                assert found["mean"] == pytest.approx(flux.mean(), rel=1e-9)
                checked += 1
            else:
                assert set(found.values()) == {None}
    assert checked > 150


def test_rates_are_those_of_the_last_two_detections_of_a_band(outcome: Outcome, batch: AlertBatch) -> None:
    rates, checked = outcome.columns["flux_rate"].to_pylist(), 0
    for row, rate in enumerate(rates):
        inside = slice(batch.offsets[row], batch.offsets[row + 1])
        time, flux, band = (batch.histories[name][inside] for name in ("time", "flux", "band"))
        earlier = np.flatnonzero((band == band[-1]) & (time <= time[-1] - 0.5 / 24))
        if not len(earlier):
            assert rate is None
            continue
        assert rate == pytest.approx((flux[-1] - flux[earlier[-1]]) / (time[-1] - time[earlier[-1]]))
        checked += 1
    assert checked >= 20


def test_models_and_catalogues_are_traceable(outcome: Outcome) -> None:
    facts = versions(MODULES, CACHE)
    assert {"model.cats", "model.snn_elasticc_sn_vs_other", "model.early_snia_rubin", "catalog.vsx"} <= set(facts)
    assert all(re.search(r"\b[0-9a-f]{12}\b", facts[name]) for name in facts if name.startswith("model."))


def exact(outcome: Outcome, row: int) -> list[Any]:
    return [repr(array[row].as_py()) for array in outcome.columns.values()]


def test_the_same_alert_has_the_same_bytes_in_any_batch(batch: AlertBatch, outcome: Outcome) -> None:
    order = np.random.default_rng(1).permutation(len(batch))
    shuffled = run(MODULES, batch.take(order), CACHE)
    assert [exact(shuffled, place) for place in range(len(order))] == [exact(outcome, row) for row in order]
    for row in range(0, len(batch), 9):
        assert exact(run(MODULES, batch.take(np.array([row])), CACHE), 0) == exact(outcome, row)


def test_simulated_alerts_feed_the_same_modules(simulated: AlertBatch) -> None:
    found = run(MODULES_ELASTICC, simulated, CACHE)
    assert len(simulated) > 100
    assert not [why for rows in found.errors.values() for why in rows.values() if why.startswith(FAILED)]
    scores = np.array(found.columns["early_snia_score"].to_pylist(), dtype=float)
    judged = simulated.history("flux").count(simulated.histories["flux"] > 0.0) >= 5
    assert judged.any()
    assert not judged.all()
    np.testing.assert_array_equal(np.isfinite(scores), judged)
    assert np.ptp(scores[judged]) > 0.8
    for row in range(0, len(simulated), 11):
        assert exact(run(MODULES_ELASTICC, simulated.take(np.array([row])), CACHE), 0) == exact(found, row)


def test_forced_photometry_fills_the_gaps_and_repeats_nothing(batch: AlertBatch) -> None:
    curves = light_curves(batch)
    assert (~curves.is_detection).sum() > 500
    key = np.stack([curves.owner, np.round(curves.age_days * 1e4), curves.band])
    assert np.unique(key, axis=1).shape == key.shape
    assert (curves.age_days >= 0).all()
    kept = np.bincount(curves.owner[curves.is_detection], minlength=len(batch))
    for row in range(len(batch)):
        inside = slice(batch.offsets[row], batch.offsets[row + 1])
        visits = set(zip(batch.histories["time"][inside], batch.histories["band"][inside], strict=True))
        assert kept[row] == len(visits)  # four packets list one visit twice


def test_an_alert_without_forced_photometry_keeps_its_detections(batch: AlertBatch) -> None:
    bare = replace(batch, forced={}, forced_offsets=np.zeros(1, dtype=np.int64))
    few = bare.take(np.arange(3))
    assert len(few) == 3
    assert few.forced == {}
