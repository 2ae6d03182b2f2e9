"""Networks read from foreign files without running them, and their ONNX models against plain numpy."""

import io
import json
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fink_lib.errors import ConfigError
from fink_lib.science.rubin import cats_network, supernnova_network
from fink_lib.science.rubin.hdf5_file import read_arrays
from fink_lib.science.rubin.network import Network, open_network, package_file
from fink_lib.science.rubin.torch_file import read_weights

Floats = Any


def sigmoid(values: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-values))


def lstm(data: Floats, kernel: Floats, recurrent: Floats, bias: Floats) -> Floats:
    """Run one direction over (time, inputs); gates in the order input, forget, cell, output."""
    hidden = state = np.zeros(recurrent.shape[1])
    rows = []
    for row in data:
        entry, forget, cell, output = np.split(kernel @ row + recurrent @ hidden + bias, 4)
        state = sigmoid(forget) * state + sigmoid(entry) * np.tanh(cell)
        hidden = sigmoid(output) * np.tanh(state)
        rows.append(hidden)
    return np.array(rows)


def both_ways(data: Floats, forward: tuple[Floats, ...], backward: tuple[Floats, ...]) -> Floats:
    return np.concatenate([lstm(data, *forward), lstm(data[::-1], *backward)[::-1]], axis=1)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def supernnova(cache: Path) -> Network:
    return open_network("snn", f"{supernnova_network.FOLDER}/model.pt", supernnova_network.build, cache)


def cats(cache: Path) -> Network:
    return open_network("cats", cats_network.FILE, cats_network.build, cache)


@pytest.mark.parametrize("steps", [1, 2, 17])
def test_supernnova_is_what_its_weights_say(cache: Path, steps: int) -> None:
    weights = read_weights(package_file(f"{supernnova_network.FOLDER}/model.pt"))
    data = np.random.default_rng(steps).normal(0.0, 1.0, (steps, supernnova_network.INPUTS)).astype(np.float32)
    expected: Floats = data.astype(float)
    for layer in (0, 1):
        ways = []
        for way in ("", "_reverse"):
            one = [weights[f"rnn_layer.{name}_l{layer}{way}"].astype(float) for name in ("weight_ih", "weight_hh")]
            bias = sum(weights[f"rnn_layer.{name}_l{layer}{way}"].astype(float) for name in ("bias_ih", "bias_hh"))
            ways.append((*one, bias))
        expected = both_ways(expected, *ways)
    logits = weights["output_layer.weight"] @ expected.mean(axis=0) + weights["output_layer.bias"]
    expected = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(supernnova(cache)(data[:, None])[0], expected, atol=1e-6)


def test_cats_is_what_its_weights_say(cache: Path) -> None:
    with zipfile.ZipFile(package_file(cats_network.FILE)) as archive:
        weights = {k: v.astype(float) for k, v in read_arrays(archive.read("model.weights.h5")).items()}
    assert sum(values.size for values in weights.values()) == 517_541  # as many as the paper's network has
    data = np.random.default_rng(1).uniform(0.0, 1.0, (395, 4)).astype(np.float32)
    np.testing.assert_allclose(cats(cache)(data[:, None])[0], plain_cats(data.astype(float), weights), atol=2e-5)


def plain_cats(data: Floats, weights: dict[str, Floats]) -> Floats:
    shape = data
    for place, suffix in enumerate(("", "_1", "_2")):
        kernel, bias = (weights[f"/layers/conv1d{suffix}/vars/{i}"] for i in (0, 1))
        later = np.r_[shape[1:], np.zeros((1, shape.shape[1]))]
        shape = shape @ kernel[0] + later @ kernel[1] + bias
        gamma, beta, mean, variance = (weights[f"/layers/batch_normalization{suffix}/vars/{i}"] for i in range(4))
        shape = (shape - mean) / np.sqrt(variance + 1e-3) * gamma + beta
        shape = shape * sigmoid(shape)
        first, second = ("" if n == 0 else f"_{n}" for n in (2 * place, 2 * place + 1))
        squeezed = np.maximum(shape.mean(axis=0) @ weights[f"/layers/dense{first}/vars/0"], 0.0)
        shape = shape * sigmoid(squeezed @ weights[f"/layers/dense{second}/vars/0"])
    memory = data
    for layer in ("bidirectional", "bidirectional_1"):
        ways = [
            tuple(weights[f"/layers/{layer}/{way}_layer/cell/vars/{i}"].T for i in range(3))
            for way in ("forward", "backward")
        ]
        memory = both_ways(memory, *ways)
    joined = np.r_[memory[-1, :150], memory[0, 150:], shape.max(axis=0)]
    hidden = joined @ weights["/layers/dense_6/vars/0"] + weights["/layers/dense_6/vars/1"]
    hidden = np.where(hidden > 0, hidden, 0.3 * hidden)
    logits = hidden @ weights["/layers/dense_7/vars/0"] + weights["/layers/dense_7/vars/1"]
    return np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()


def test_a_network_is_converted_once(cache: Path) -> None:
    first = supernnova(cache)
    files = {path: path.stat().st_mtime_ns for path in (cache / "models").iterdir()}
    again = open_network("snn", f"{supernnova_network.FOLDER}/model.pt", lambda _: pytest.fail("anew"), cache)
    assert first.facts == again.facts
    assert {path: path.stat().st_mtime_ns for path in files} == files


def torch_file(path: Path, content: Any, storage: bytes = b"") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m/data.pkl", content if isinstance(content, bytes) else pickle.dumps(content))
        archive.writestr("m/data/0", storage)
    return path


class Evil:
    def __reduce__(self) -> Any:
        return (print, ("it ran",))


@pytest.mark.parametrize("content", [Evil(), {"weights": io.BytesIO(b"x")}, b"\x80\x04garbage"])
def test_a_pickle_that_asks_for_more_than_tensors_is_refused(
    tmp_path: Path, content: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigError, match="cannot read the weights"):
        read_weights(torch_file(tmp_path / "m.pt", content))
    assert capsys.readouterr().out == ""


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no zip")
    with pytest.raises(ConfigError, match="weights"):
        read_weights(tmp_path / "text")
    with pytest.raises(ConfigError, match="another network"):
        supernnova_network.build(torch_file(tmp_path / "empty.pt", OrderedDict()))
    with pytest.raises(ConfigError, match="cannot read the network"):
        cats_network.build(tmp_path / "text")
    with pytest.raises(ConfigError, match="fink-science"):
        package_file("data/models/none.pt")


def test_a_keras_file_of_another_network_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(package_file(cats_network.FILE)) as archive:
        config, weights = json.loads(archive.read("config.json")), archive.read("model.weights.h5")
    config["config"]["layers"].pop(1)
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", weights)
    with pytest.raises(ConfigError, match="another network than CATS"):
        cats_network.build(tmp_path / "other.keras")


def test_damaged_hdf5_never_does_worse_than_refuse() -> None:
    with zipfile.ZipFile(package_file(cats_network.FILE)) as archive:
        content = archive.read("model.weights.h5")
    with pytest.raises(ConfigError, match="HDF5"):
        read_arrays(b"no such file")
    with pytest.raises(ConfigError, match="HDF5"):
        read_arrays(content[:2000])
    draw = np.random.default_rng(0)
    for _ in range(30):
        damaged = bytearray(content[:60_000])
        for place in draw.integers(0, 4000, 20):
            damaged[place] = draw.integers(0, 256)
        try:
            read_arrays(bytes(damaged))
        except ConfigError:
            continue
