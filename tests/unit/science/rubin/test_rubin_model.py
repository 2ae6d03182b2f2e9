"""Our early SN Ia model: trained by object, stored as arrays, scored by members that never saw the object."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from elasticc_alerts import write_alerts

from fink_lib.cli.models_train import train as train_command
from fink_lib.cli.science_accuracy import accuracy as accuracy_command
from fink_lib.config import PROJECT_DIR
from fink_lib.errors import ConfigError
from fink_lib.science.cases.rubin import early_snia
from fink_lib.science.methods.rubin.early_snia_model import (
    MODEL_FILE,
    EarlySnIaModel,
    Split,
    load_model,
    mean_of,
    probabilities,
)
from fink_lib.science.training.early_snia_rubin import Boosting, train
from fink_lib.science.training.early_snia_rubin_accuracy import OURS, OURS_WITHOUT_HOST, compare
from fink_lib.science.training.elasticc import read_elasticc

SPLIT, QUICK = Split(seed=5, folds=2, repeats=2), Boosting(max_iter=15, max_bins=12)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_alerts(tmp_path_factory.mktemp("elasticc"))


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, EarlySnIaModel]:
    path = tmp_path_factory.mktemp("model") / "early.npz"
    train(data, path, SPLIT, QUICK)
    return path, load_model(path)


def test_no_member_scores_an_object_that_it_was_trained_on(data: Path, trained: tuple[Path, EarlySnIaModel]) -> None:
    model = trained[1]
    _, truth = read_elasticc(data, early_snia.MODULES)
    unseen = model.unseen_by(truth.object_id)
    np.testing.assert_array_equal(unseen.sum(axis=1), SPLIT.repeats)
    for number, (repeat, fold) in enumerate(SPLIT.members):
        mine = SPLIT.fold_of(truth.object_id, repeat) == fold
        np.testing.assert_array_equal(unseen[:, number], mine)
        # All alerts of an object are on one side.
        assert not set(truth.object_id[mine]) & set(truth.object_id[~mine])


def test_an_object_that_took_no_part_is_scored_by_all_members(trained: tuple[Path, EarlySnIaModel]) -> None:
    model = trained[1]
    strangers = np.array([7, 10**17])
    assert not np.isin(strangers, model.trained_on).any()
    assert model.unseen_by(strangers).all()


def test_a_member_knows_its_objects_and_guesses_at_labels_that_mean_nothing(data: Path, tmp_path: Path) -> None:
    """With shuffled labels, the figure is that of chance only if no object leaks into its own score."""
    folder = tmp_path / "shuffled"
    draw = np.random.default_rng(0)
    for source in sorted(data.glob("class_*/*.parquet")):
        target = folder / source.relative_to(data)
        target.parent.mkdir(parents=True)
        table = pq.read_table(source).to_pylist()
        label = {row["diaObject"]["diaObjectId"]: int(draw.choice([10, 32])) for row in table}
        rows = [{**row, "GENTYPE": label[row["diaObject"]["diaObjectId"]]} for row in table]
        pq.write_table(pa.Table.from_pylist(rows), target)
    card = train(folder, tmp_path / "m.npz", SPLIT, QUICK)
    facts = card["accuracy"]["with_host"]
    assert 0.3 < facts["auc"] < 0.7
    model = load_model(tmp_path / "m.npz")
    batch, truth = read_elasticc(folder, early_snia.MODULES)
    seen = mean_of(probabilities(model, batch), ~model.unseen_by(truth.object_id))
    assert seen[truth.is_ia].mean() > seen[~truth.is_ia].mean() + 0.1


def test_the_same_data_give_the_same_bytes(data: Path, trained: tuple[Path, EarlySnIaModel], tmp_path: Path) -> None:
    train(data, tmp_path / "again.npz", SPLIT, QUICK)
    assert (tmp_path / "again.npz").read_bytes() == trained[0].read_bytes()


def test_figures_of_every_classifier_on_the_same_rows(data: Path, trained: tuple[Path, EarlySnIaModel]) -> None:
    figures = compare(data, seed=0, model=trained[1])
    assert list(figures) == [OURS, OURS_WITHOUT_HOST, "rf_snia_vs_nonia", "snn_snia_vs_nonia"]
    rows = {(facts["n_pos"], facts["n_neg"]) for facts in figures.values()}
    assert len(rows) == 1
    assert figures[OURS]["auc"] > 0.9
    assert 0.3 < figures["snn_snia_vs_nonia"]["auc"] < 0.7
    for facts in figures.values():
        assert facts["auc_low"] <= facts["auc"] <= facts["auc_high"]
        assert set(facts["efficiency_at_purity"]) == {"0.5", "0.9"}
    stored = figures["rf_snia_vs_nonia"]
    assert stored["n_null"] > 0
    assert stored["where_scored"]["theirs"]["n_pos"] == stored["where_scored"]["ours"]["n_pos"] < stored["n_pos"]


def test_a_null_of_theirs_counts_as_zero(data: Path, trained: tuple[Path, EarlySnIaModel]) -> None:
    _, truth = read_elasticc(data, early_snia.MODULES)
    stored = truth.fink["rf_snia_vs_nonia"]
    facts = compare(data, seed=0, model=trained[1])["rf_snia_vs_nonia"]
    assert facts["n_null"] == np.isnan(stored).sum()
    assert facts["n_zero"] == (stored == 0.0).sum()


def test_both_commands(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    accuracy_command(data, tmp_path / "out" / "figures.json", 0)
    figures: dict[str, Any] = json.loads((tmp_path / "out" / "figures.json").read_text())
    assert figures[OURS]["n_rows_of_objects_in_training"] == 0
    assert f"AUC {figures[OURS]['auc']:.4f}" in capsys.readouterr().out
    with pytest.raises(ConfigError, match="tarot"):
        train_command("tarot", data, tmp_path / "m.npz")


def test_missing_alerts_and_a_missing_model_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="class_"):
        read_elasticc(tmp_path, early_snia.MODULES)
    with pytest.raises(ConfigError, match="fink models train"):
        load_model(tmp_path / "none.npz")


def test_the_committed_model_is_small_and_has_a_full_card() -> None:
    model = load_model()
    assert MODEL_FILE.stat().st_size < 1_000_000
    card = json.loads(MODEL_FILE.with_suffix(".json").read_text())
    assert {"data", "split", "boosting", "features", "versions", "accuracy"} <= set(card)
    assert card["data"]["objects"] == len(model.trained_on)
    assert card["accuracy"]["with_host"]["auc_low"] > 0.8


def test_on_simulated_alerts_our_interval_lies_above_both_scores_of_fink(shared_data: Path) -> None:
    """The committed model on objects that it never saw; figures as in docs/early_snia_rubin.md."""
    figures = compare(shared_data / "elasticc", seed=0)
    theirs = {name: figures[name] for name in ("rf_snia_vs_nonia", "snn_snia_vs_nonia")}
    page = (PROJECT_DIR / "docs" / "early_snia_rubin.md").read_text()
    for name in (OURS, OURS_WITHOUT_HOST):
        ours = figures[name]
        assert (ours["n_pos"], ours["n_neg"]) == (2072, 1993)
        assert (ours["split"]["seed"], ours["split"]["folds"]) == (20240408, 5)
        for each in theirs.values():
            assert ours["auc_low"] > each["auc_high"]
            assert ours["efficiency_at_purity"]["0.9"] > each["efficiency_at_purity"]["0.9"] + 0.5
    for each in (*theirs.values(), figures[OURS], figures[OURS_WITHOUT_HOST]):
        assert f"{each['auc']:.3f} [{each['auc_low']:.3f}, {each['auc_high']:.3f}]" in page
    for each in theirs.values():
        assert each["where_scored"]["ours"]["auc_low"] > each["where_scored"]["theirs"]["auc_high"]
