"""A model is built once, whole, and says what it was made of."""

import hashlib
import multiprocessing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fink_lib.errors import ModelError
from fink_lib.science.models import MODELS, ensure, load_network
from fink_lib.science.models import sources as model_sources
from fink_lib.science.models.store import FACTS, built_facts, model_file

NAME = "snn_sn_vs_all"


def test_facts_name_the_file_by_its_hash_and_the_check_that_was_passed(tmp_path: Path) -> None:
    assert built_facts(NAME, tmp_path) is None
    facts, folder = ensure(NAME, tmp_path)
    source = MODELS[NAME]
    content = model_file(source, source.files["weights"]).read_bytes()
    assert facts.sha256["weights"] == hashlib.sha256(content).hexdigest()
    assert facts.version == "fink-science 7.4.0"
    assert 0.0 < facts.parity.max_diff < 1e-6
    assert facts.provenance == {f"model.{NAME}": f"fink-science 7.4.0 {facts.digest[:12]} converter {facts.converter}"}
    assert built_facts(NAME, tmp_path) == facts
    assert folder.name.startswith(f"{NAME}-{facts.digest[:12]}-")


def test_a_model_that_is_there_is_not_built_again(tmp_path: Path) -> None:
    _, folder = ensure(NAME, tmp_path)
    written = (folder / FACTS).stat().st_mtime_ns
    ensure(NAME, tmp_path)
    assert (folder / FACTS).stat().st_mtime_ns == written
    ensure(NAME, tmp_path, again=True)
    assert (folder / FACTS).stat().st_mtime_ns > written


def _score(cache: str) -> float:
    session, _ = load_network(NAME, Path(cache))
    x = np.linspace(-1.0, 1.0, 32, dtype=np.float32).reshape(4, 1, 8)
    return float(session.run(None, {"x": x})[0][0, 0])


def test_workers_that_ask_at_once_get_one_model(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        scores = pool.map(_score, [str(tmp_path)] * 3)
    assert len(set(scores)) == 1
    folders = [path for path in (tmp_path / "models").iterdir() if path.is_dir()]
    assert [path.name for path in folders if not path.name.startswith(".")] == [folders[0].name]
    assert len(folders) == 1  # no scratch folder is left


def test_an_unknown_model_and_a_missing_file_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match=r"'crystal_ball'.*early_snia"):
        ensure("crystal_ball", tmp_path)
    lost = replace(MODELS[NAME], files={"weights": "fink_science/data/models/lost.pt"})
    monkeypatch.setattr(model_sources, "MODELS", {NAME: lost})
    with pytest.raises(ModelError, match=r"lost\.pt is missing; install the package fink-science"):
        ensure(NAME, tmp_path)
    assert built_facts(NAME, tmp_path) is None


def test_a_file_of_something_else_is_refused_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forest = MODELS["early_snia"].files["forest"]
    wrong = replace(MODELS[NAME], files={**MODELS[NAME].files, "weights": forest})
    monkeypatch.setattr(model_sources, "MODELS", {NAME: wrong})
    with pytest.raises(ModelError):
        ensure(NAME, tmp_path)
    assert [path for path in (tmp_path / "models").iterdir() if path.is_dir()] == []
