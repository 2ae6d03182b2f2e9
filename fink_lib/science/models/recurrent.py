"""A recurrent classifier of light curves (two bidirectional LSTM layers and a linear one) as an ONNX graph.

The network is that of SuperNNova: Möller & de Boissière 2020, MNRAS 491, 4277 (arXiv:1901.06384).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fink_lib.errors import ModelError

Floats = npt.NDArray[Any]

LAYERS = 2
DIRECTIONS = ("", "_reverse")
OPSET = 17
IR_VERSION = 8  # the one that goes with that opset


def to_onnx(tensors: Mapping[str, Floats]) -> bytes:
    """Return the network as ONNX: input ``x`` (points, alerts, features), output ``p`` (alerts, classes).

    Parameters
    ----------
    tensors
        The trained weights, under torch's names.

    Raises
    ------
    ModelError
        When a weight is missing.
    """
    import onnx  # noqa: PLC0415 - only building needs it
    from onnx import TensorProto, helper  # noqa: PLC0415

    hidden = _tensor(tensors, "rnn_layer.weight_hh_l0").shape[1]
    features = _tensor(tensors, "rnn_layer.weight_ih_l0").shape[1]
    constants: dict[str, Floats] = {"joined": np.array([0, 0, 2 * hidden], dtype=np.int64)}
    nodes, source = [], "x"
    for layer in range(LAYERS):
        names = [f"{kind}{layer}" for kind in ("w", "r", "b")]
        constants |= dict(zip(names, _layer(tensors, layer), strict=True))
        nodes += [
            helper.make_node(
                "LSTM", [source, *names], [f"y{layer}"], hidden_size=hidden, direction="bidirectional", name=f"l{layer}"
            ),
            helper.make_node("Transpose", [f"y{layer}"], [f"t{layer}"], perm=[0, 2, 1, 3]),
            helper.make_node("Reshape", [f"t{layer}", "joined"], [f"h{layer}"]),
        ]
        source = f"h{layer}"
    constants |= {"wo": _tensor(tensors, "output_layer.weight"), "bo": _tensor(tensors, "output_layer.bias")}
    nodes += [
        helper.make_node("ReduceMean", [source], ["mean"], axes=[0], keepdims=0),
        helper.make_node("Gemm", ["mean", "wo", "bo"], ["logits"], transB=1),
        helper.make_node("Softmax", ["logits"], ["p"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "recurrent",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["points", "alerts", features])],
        [helper.make_tensor_value_info("p", TensorProto.FLOAT, ["alerts", len(constants["bo"])])],
        [onnx.numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def probabilities(tensors: Mapping[str, Floats], sequence: Floats) -> Floats:
    """Return the class probabilities of one light curve in plain double precision: what the graph is checked with.

    Parameters
    ----------
    tensors
        The trained weights, under torch's names.
    sequence
        Features of each point, normalised; shape (points, features).
    """
    out = np.asarray(sequence, dtype=np.float64)
    for layer in range(LAYERS):
        halves = []
        for suffix in DIRECTIONS:
            steps = out[::-1] if suffix else out
            states = _lstm(tensors, f"l{layer}{suffix}", steps)
            halves.append(states[::-1] if suffix else states)
        out = np.concatenate(halves, axis=1)
    logits = tensors["output_layer.weight"].astype(float) @ out.mean(axis=0) + tensors["output_layer.bias"]
    grown = np.exp(logits - logits.max())
    return np.asarray(grown / grown.sum())


def _lstm(tensors: Mapping[str, Floats], name: str, steps: Floats) -> Floats:
    w_in, w_rec, b_in, b_rec = (
        tensors[f"rnn_layer.{kind}_{name}"].astype(float) for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    hidden = np.zeros(w_rec.shape[1])
    cell, states = hidden, []
    for step in steps:
        gates = w_in @ step + b_in + w_rec @ hidden + b_rec
        take, keep, new, show = np.split(gates, 4)
        cell = _sigmoid(keep) * cell + _sigmoid(take) * np.tanh(new)
        hidden = _sigmoid(show) * np.tanh(cell)
        states.append(hidden)
    return np.array(states)


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))


def _layer(tensors: Mapping[str, Floats], layer: int) -> tuple[Floats, Floats, Floats]:
    """Return weights and biases of a layer, both directions, gates in ONNX's order."""
    parts = []
    for suffix in DIRECTIONS:
        names = [f"rnn_layer.{kind}_l{layer}{suffix}" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        parts.append([_reordered(_tensor(tensors, name)) for name in names])
    w, r, b_in, b_rec = (np.stack(kind) for kind in zip(*parts, strict=True))
    return w, r, np.concatenate([b_in, b_rec], axis=1)


def _reordered(values: Floats) -> Floats:
    """Turn torch's order of gates (input, forget, cell, output) into ONNX's (input, output, forget, cell)."""
    take, keep, new, show = np.split(values, 4)
    return np.concatenate([take, show, keep, new])


def _tensor(tensors: Mapping[str, Floats], name: str) -> Floats:
    try:
        return np.asarray(tensors[name], dtype=np.float32)
    except KeyError:
        raise ModelError(f"the network lacks '{name}': it is not the recurrent network it should be") from None
