"""CATS, the broad classifier of Fraga et al. 2024: its Keras file as an ONNX graph, and in plain numpy to check it."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fink_lib.errors import ModelError
from fink_lib.science.models.hdf5_file import Floats, read_arrays
from fink_lib.science.models.onnx_graph import Cell, Graph

Array = npt.NDArray[Any]

POINTS = 395
CONVOLUTIONS = ("", "_1", "_2")
MEMORIES, WAYS = ("bidirectional", "bidirectional_1"), ("forward", "backward")
# Layers in the order of the file's own description, weightless ones left out: what this module was written for.
EXPECTED = ["Conv1D", "BatchNormalization", "Dense", "Dense"] * 2
EXPECTED += ["Conv1D", "BatchNormalization", "Bidirectional", "Dense", "Dense", "Bidirectional", "Dense", "Dense"]


@dataclass(frozen=True)
class CatsFile:
    """What the Keras file holds.

    Attributes
    ----------
    weights
        Arrays by path.
    epsilon, slope
        Of the batch normalisations, and of the leaky rectifier.
    """

    weights: Mapping[str, Floats]
    epsilon: float
    slope: float


def read_keras(content: bytes) -> CatsFile:
    """Return the network of a Keras file; nothing in it is executed.

    Raises
    ------
    ModelError
        When the file describes another network than the one that this was written for.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            layers = json.loads(archive.read("config.json"))["config"]["layers"]
            weights = read_arrays(archive.read("model.weights.h5"))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ModelError(f"cannot read the Keras file: {error}") from error
    kinds = [layer["class_name"] for layer in layers if layer["class_name"] in EXPECTED]
    if kinds != EXPECTED:
        raise ModelError(f"the Keras file holds another network than CATS: {', '.join(kinds)}")
    epsilon = _setting(layers, "BatchNormalization", "epsilon")
    return CatsFile(weights, epsilon, _setting(layers, "LeakyReLU", "alpha"))


def to_onnx(file: CatsFile) -> bytes:
    """Return the network as ONNX: input ``sequence`` (395, 1, 4), output five probabilities."""
    graph, weights = Graph(), file.weights
    shape = _convolved(graph, weights, file.epsilon)
    memory = _remembered(graph, weights)
    joined = graph.node("Concat", memory, shape, axis=-1)
    hidden = graph.dense(joined, weights["/layers/dense_6/vars/0"], weights["/layers/dense_6/vars/1"])
    hidden = graph.node("LeakyRelu", hidden, alpha=file.slope)
    answer = graph.dense(hidden, weights["/layers/dense_7/vars/0"], weights["/layers/dense_7/vars/1"])
    return graph.model((POINTS, 1, 4), graph.node("Softmax", answer, axis=-1), classes=5)


def probabilities(file: CatsFile, sequence: Array) -> Array:
    """Return the probabilities of one sequence, (395, 4), in plain double precision: what the graph is checked with.

    Parameters
    ----------
    file
        What `read_keras` returns.
    sequence
        Days, flux, error and band of each of the 395 points, as the module feeds them.
    """
    weights = {name: values.astype(float) for name, values in file.weights.items()}
    data = np.asarray(sequence, dtype=np.float64)
    shape = _plain_shape(weights, data, file.epsilon)
    memory = data
    for layer in MEMORIES:
        ways = [_plain_cell(weights, layer, way) for way in WAYS]
        memory = np.concatenate([_lstm(memory, *ways[0]), _lstm(memory[::-1], *ways[1])[::-1]], axis=1)
    half = memory.shape[1] // 2
    joined = np.r_[memory[-1, :half], memory[0, half:], shape]
    hidden = joined @ weights["/layers/dense_6/vars/0"] + weights["/layers/dense_6/vars/1"]
    hidden = np.where(hidden > 0.0, hidden, file.slope * hidden)
    logits = hidden @ weights["/layers/dense_7/vars/0"] + weights["/layers/dense_7/vars/1"]
    grown = np.exp(logits - logits.max())
    return np.asarray(grown / grown.sum())


def _plain_shape(weights: Mapping[str, Array], data: Array, epsilon: float) -> Array:
    """Return the maximum over time of the three convolutions, each with its squeeze and excitation."""
    shape = data
    for place, suffix in enumerate(CONVOLUTIONS):
        kernel, bias = (weights[f"/layers/conv1d{suffix}/vars/{i}"] for i in (0, 1))
        later = np.r_[shape[1:], np.zeros((1, shape.shape[1]))]  # a kernel of two points, padded at the end
        shape = shape @ kernel[0] + later @ kernel[1] + bias
        gamma, beta, mean, variance = (weights[f"/layers/batch_normalization{suffix}/vars/{i}"] for i in range(4))
        shape = (shape - mean) / np.sqrt(variance + epsilon) * gamma + beta
        shape = shape * _sigmoid(shape)
        squeeze, excite = (weights[name] for name in _excitation_names(2 * place))
        shape = shape * _sigmoid(np.maximum(shape.mean(axis=0) @ squeeze, 0.0) @ excite)
    return np.asarray(shape.max(axis=0))


def _plain_cell(weights: Mapping[str, Array], layer: str, way: str) -> tuple[Array, Array, Array]:
    kernel, recurrent, bias = (weights[f"/layers/{layer}/{way}_layer/cell/vars/{i}"].T for i in range(3))
    return kernel, recurrent, bias


def _lstm(data: Array, kernel: Array, recurrent: Array, bias: Array) -> Array:
    """Run one direction over (time, inputs); gates in the order input, forget, cell, output."""
    hidden = state = np.zeros(recurrent.shape[1])
    rows = []
    for row in data @ kernel.T + bias:
        entry, forget, cell, output = np.split(row + recurrent @ hidden, 4)
        state = _sigmoid(forget) * state + _sigmoid(entry) * np.tanh(cell)
        hidden = _sigmoid(output) * np.tanh(state)
        rows.append(hidden)
    return np.array(rows)


def _sigmoid(values: Array) -> Array:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * values)))


def _excitation_names(first: int) -> list[str]:
    return [f"/layers/dense{'_' + str(number) if number else ''}/vars/0" for number in (first, first + 1)]


def _setting(layers: list[dict[str, Any]], kind: str, name: str) -> float:
    return float(next(layer["config"][name] for layer in layers if layer["class_name"] == kind))


def _convolved(graph: Graph, weights: Mapping[str, Floats], epsilon: float) -> str:
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


def _excitation(graph: Graph, data: str, weights: Mapping[str, Floats], first: int) -> str:
    """Return the weight of each channel, (1, channels, 1), from its mean over time."""
    names = _excitation_names(first)
    mean = graph.node("ReduceMean", data, axes=[2], keepdims=0)
    squeezed = graph.node("Relu", graph.dense(mean, weights[names[0]]))
    excited = graph.node("Sigmoid", graph.dense(squeezed, weights[names[1]]))
    return graph.node("Unsqueeze", excited, graph.weight(np.array([2])))


def _remembered(graph: Graph, weights: Mapping[str, Floats]) -> str:
    """Add the two LSTMs, the second of which answers with its last states: (1, 300)."""
    cells = [
        Cell(*(weights[f"/layers/{layer}/{way}_layer/cell/vars/{i}"].T for i in range(3)))
        for layer in MEMORIES
        for way in WAYS
    ]
    sequence, _ = graph.lstm("sequence", *cells[:2])
    sequence = graph.node("Transpose", sequence, perm=[0, 2, 1, 3])
    sequence = graph.node("Reshape", sequence, graph.weight(np.array([POINTS, 1, -1])))
    _, last = graph.lstm(sequence, *cells[2:])
    return graph.node("Reshape", graph.node("Transpose", last, perm=[1, 0, 2]), graph.weight(np.array([1, -1])))
