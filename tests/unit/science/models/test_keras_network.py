"""The Keras file is read without running it, and its graph is what the weights say."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from fink_lib.errors import ModelError
from fink_lib.science.models import MODELS, ensure, load_network
from fink_lib.science.models import cats as cats_model
from fink_lib.science.models.cats import POINTS, probabilities, read_keras
from fink_lib.science.models.convert import cats_network
from fink_lib.science.models.hdf5_file import read_arrays
from fink_lib.science.models.store import built_facts, model_file


@pytest.fixture(scope="module")
def content() -> bytes:
    return model_file(MODELS["cats"], MODELS["cats"].files["network"]).read_bytes()


def changed(content: bytes, **members: bytes) -> bytes:
    """Return the archive with other members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in ("config.json", "model.weights.h5"):
            new.writestr(name, members.get(name.partition(".")[0], old.read(name)))
    return buffer.getvalue()


def test_all_models_of_rubin_are_built_with_hash_and_parity_by_the_one_command(tmp_path: Path) -> None:
    for name, tolerance in (("cats", 2e-5), ("snn_elasticc_sn_vs_other", 1e-6)):
        facts, folder = ensure(name, tmp_path)
        assert 0.0 < facts.parity.max_diff < tolerance
        assert facts.parity.against == "numpy, double precision"
        assert len(facts.digest) == 64
        assert facts == built_facts(name, tmp_path)
        assert (folder / "model.onnx").is_file()


def test_cats_is_what_its_weights_say(content: bytes, tmp_path: Path) -> None:
    file = read_keras(content)
    assert sum(values.size for values in file.weights.values()) == 517_541  # as many as the paper's network has
    data = np.random.default_rng(1).uniform(0.0, 1.0, (POINTS, 4)).astype(np.float32)
    session, _ = load_network("cats", tmp_path)
    found = session.run(None, {"sequence": data[:, None]})[0][0]
    np.testing.assert_allclose(found, probabilities(file, data), atol=2e-5)
    assert found.sum() == pytest.approx(1.0, abs=1e-6)


def test_a_graph_that_is_not_the_files_network_is_refused(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    true = cats_model.to_onnx

    def swapped(file: cats_model.CatsFile) -> bytes:
        weights: Mapping[str, np.ndarray] = {**file.weights, "/layers/dense_7/vars/1": np.ones(5, dtype=np.float32)}
        return true(cats_model.CatsFile(weights, file.epsilon, file.slope))

    monkeypatch.setattr(cats_model, "to_onnx", swapped)
    with pytest.raises(ModelError, match=r"differs by .* from numpy"):
        cats_network(content)


def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(ModelError, match="cannot read the Keras file"):
        cats_network(b"no zip")
    with pytest.raises(ModelError, match="cannot read the Keras file"):
        cats_network(changed(content, config=b"{}"))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        config = json.loads(archive.read("config.json"))
    config["config"]["layers"].pop(1)
    with pytest.raises(ModelError, match="another network than CATS"):
        cats_network(changed(content, config=json.dumps(config).encode()))


def test_damaged_hdf5_never_does_worse_than_refuse(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        weights = archive.read("model.weights.h5")
    with pytest.raises(ModelError, match="HDF5"):
        read_arrays(b"no such file")
    with pytest.raises(ModelError, match="HDF5"):
        read_arrays(weights[:2000])
    draw = np.random.default_rng(0)
    for _ in range(30):
        damaged = bytearray(weights[:60_000])
        for place in draw.integers(0, 4000, 20):
            damaged[place] = draw.integers(0, 256)
        try:
            read_arrays(bytes(damaged))
        except ModelError:
            continue
