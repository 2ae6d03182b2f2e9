"""CATS, the broad classifier of Fraga et al. 2024: its Keras file as an ONNX model."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from fink_lib.errors import ConfigError
from fink_lib.science.rubin.hdf5_file import Floats, read_arrays
from fink_lib.science.rubin.onnx_graph import Cell, Graph

FILE = "data/models/cats_models/cats_small_nometa_serial.keras"
POINTS = 395
CONVOLUTIONS = ("", "_1", "_2")
# Layers in the order of the file's own description, weightless ones left out: what this module was written for.
EXPECTED = ["Conv1D", "BatchNormalization", "Dense", "Dense"] * 2
EXPECTED += ["Conv1D", "BatchNormalization", "Bidirectional", "Dense", "Dense", "Bidirectional", "Dense", "Dense"]


def build(path: Path) -> bytes:
    """Return the network as ONNX: (395, 1, 4) to five probabilities.

    Raises
    ------
    ConfigError
        When the file describes another network than the one that this was written for.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            layers = json.loads(archive.read("config.json"))["config"]["layers"]
            weights = read_arrays(archive.read("model.weights.h5"))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ConfigError(f"cannot read the network in {path}: {error}") from error
    kinds = [layer["class_name"] for layer in layers if layer["class_name"] in EXPECTED]
    if kinds != EXPECTED:
        raise ConfigError(f"{path} holds another network than CATS: {', '.join(kinds)}")
    graph = Graph()
    shape = _convolved(graph, weights, _setting(layers, "BatchNormalization", "epsilon"))
    memory = _remembered(graph, weights)
    joined = graph.node("Concat", memory, shape, axis=-1)
    hidden = graph.dense(joined, weights["/layers/dense_6/vars/0"], weights["/layers/dense_6/vars/1"])
    hidden = graph.node("LeakyRelu", hidden, alpha=_setting(layers, "LeakyReLU", "alpha"))
    answer = graph.dense(hidden, weights["/layers/dense_7/vars/0"], weights["/layers/dense_7/vars/1"])
    return graph.model((POINTS, 1, 4), graph.node("Softmax", answer, axis=-1), classes=5)


def _setting(layers: list[dict[str, Any]], kind: str, name: str) -> float:
    return float(next(layer["config"][name] for layer in layers if layer["class_name"] == kind))


def _convolved(graph: Graph, weights: dict[str, Floats], epsilon: float) -> str:
    """Add the three convolutions, each with its squeeze and excitation, and the maximum over time: (1, 256)."""
    data = graph.node("Transpose", "sequence", perm=[1, 2, 0])  # (1, channels, time)
    for place, suffix in enumerate(CONVOLUTIONS):
        kernel, bias = (weights[f"/layers/conv1d{suffix}/vars/{i}"] for i in (0, 1))
        names = graph.weight(kernel.transpose(2, 1, 0)), graph.weight(bias)
        data = graph.node("Conv", data, *names, auto_pad="SAME_UPPER")
        norm = [graph.weight(weights[f"/layers/batch_normalization{suffix}/vars/{i}"]) for i in range(4)]
        data = graph.node("BatchNormalization", data, *norm, epsilon=epsilon)
        data = graph.node("Mul", data, graph.node("Sigmoid", data))  # swish
        data = graph.node("Mul", data, _excitation(graph, data, weights, 2 * place))
    return graph.node("ReduceMax", data, axes=[2], keepdims=0)


def _excitation(graph: Graph, data: str, weights: dict[str, Floats], first: int) -> str:
    """Return the weight of each channel, (1, channels, 1), from its mean over time."""
    names = [f"/layers/dense{'_' + str(number) if number else ''}/vars/0" for number in (first, first + 1)]
    mean = graph.node("ReduceMean", data, axes=[2], keepdims=0)
    squeezed = graph.node("Relu", graph.dense(mean, weights[names[0]]))
    excited = graph.node("Sigmoid", graph.dense(squeezed, weights[names[1]]))
    return graph.node("Unsqueeze", excited, graph.weight(np.array([2])))


def _remembered(graph: Graph, weights: dict[str, Floats]) -> str:
    """Add the two LSTMs, the second of which answers with its last states: (1, 300)."""
    cells = [
        Cell(*(weights[f"/layers/{layer}/{way}_layer/cell/vars/{i}"].T for i in range(3)))
        for layer in ("bidirectional", "bidirectional_1")
        for way in ("forward", "backward")
    ]
    sequence, _ = graph.lstm("sequence", *cells[:2])
    sequence = graph.node("Transpose", sequence, perm=[0, 2, 1, 3])
    sequence = graph.node("Reshape", sequence, graph.weight(np.array([POINTS, 1, -1])))
    _, last = graph.lstm(sequence, *cells[2:])
    return graph.node("Reshape", graph.node("Transpose", last, perm=[1, 0, 2]), graph.weight(np.array([1, -1])))
