"""SuperNNova's recurrent network (Möller & de Boissière 2020): its PyTorch file as an ONNX model."""

from pathlib import Path

import numpy as np

from fink_lib.errors import ConfigError
from fink_lib.science.rubin.onnx_graph import Cell, Floats, Graph
from fink_lib.science.rubin.torch_file import read_weights

FOLDER = "data/models/snn_models/elasticc_binary_broad/SN_vs_other"
INPUTS = 76  # six fluxes, six errors, the step in time, and which of 63 combinations of bands was observed


def build(path: Path) -> bytes:
    """Return the network as ONNX: (time, 1, 76) to two probabilities.

    Raises
    ------
    ConfigError
        When the file holds another network than the one that this was written for.
    """
    weights = read_weights(path)
    try:
        inputs = weights["rnn_layer.weight_ih_l0"].shape[1]
        cells = [_cell(weights, layer, way) for layer in (0, 1) for way in ("", "_reverse")]
        kernel, bias = weights["output_layer.weight"].T, weights["output_layer.bias"]
    except KeyError as error:
        raise ConfigError(f"{path} holds another network than SuperNNova's: {error} is missing") from error
    if inputs != INPUTS:
        raise ConfigError(f"{path} wants {inputs} inputs a step; the Rubin networks have {INPUTS}")
    graph = Graph()
    data = "sequence"
    for layer in (0, 1):
        data, _ = graph.lstm(data, *cells[2 * layer : 2 * layer + 2])
        data = graph.node("Transpose", data, perm=[0, 2, 1, 3])
        data = graph.node("Reshape", data, graph.weight(np.array([0, 1, -1])))
    mean = graph.node("ReduceMean", data, axes=[0], keepdims=0)
    answer = graph.node("Softmax", graph.dense(mean, kernel, bias), axis=-1)
    return graph.model(("time", 1, INPUTS), answer, classes=2)


def _cell(weights: dict[str, Floats], layer: int, way: str) -> Cell:
    kernel, recurrent, bias, other = (
        weights[f"rnn_layer.{name}_l{layer}{way}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    return Cell(kernel, recurrent, bias + other)
