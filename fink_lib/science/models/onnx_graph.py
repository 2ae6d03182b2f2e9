"""Assembling an ONNX graph from weights: the few layers that the networks of this package are made of."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Floats = npt.NDArray[np.float32]

OPSET = 17
IR_VERSION = 8


class Graph:
    """A graph under construction; every layer returns the name of what it computes."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._weights: list[Any] = []

    def node(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        """Add an operator and return the name of its last output.

        Parameters
        ----------
        kind
            Name of the operator of ONNX.
        *inputs
            Names of what it reads, in the operator's order.
        outputs
            How many it has.
        **attributes
            Its settings, as ONNX names them.
        """
        names = [f"{kind.lower()}{len(self._nodes)}_{place}" for place in range(outputs)]
        self._nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names[-1]

    def weight(self, values: npt.ArrayLike) -> str:
        """Add an array of constants: int64 where it holds integers, float32 otherwise."""
        array = np.asarray(values)
        name = f"weight{len(self._weights)}"
        kind = np.int64 if array.dtype.kind == "i" else np.float32
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(array, dtype=kind), name))
        return name

    def dense(self, data: str, kernel: Floats, bias: Floats | None = None) -> str:
        """Multiply by a kernel of shape (inputs, outputs) and add the bias.

        Parameters
        ----------
        data
            Name of what is multiplied; its last axis is the inputs.
        kernel
            Weights, shape (inputs, outputs).
        bias
            One an output; none is added if none.
        """
        product = self.node("MatMul", data, self.weight(kernel))
        return product if bias is None else self.node("Add", product, self.weight(bias))

    def lstm(self, data: str, forward: "Cell", backward: "Cell") -> tuple[str, str]:
        """Add a two-way LSTM over (time, batch, inputs).

        Parameters
        ----------
        data
            Name of the sequence; shape (time, batch, inputs).
        forward, backward
            Weights of either direction, of one number of hidden units.

        Returns
        -------
        sequence, last
            (time, 2, batch, hidden), and the last state of either direction, (2, batch, hidden).
        """
        cells = (forward.reordered(), backward.reordered())
        stacked = [self.weight(np.stack(parts)) for parts in zip(*cells, strict=True)]
        hidden = forward.recurrent.shape[1]
        last = self.node("LSTM", data, *stacked, outputs=2, hidden_size=hidden, direction="bidirectional")
        return last.removesuffix("1") + "0", last

    def model(self, sequence: tuple[int | str, ...], output: str, classes: int) -> bytes:
        """Return the finished model, checked, as bytes; its input is named `sequence`, its answer (1, classes).

        Parameters
        ----------
        sequence
            Shape of the input; a text for an axis of any length.
        output
            Name of the node that is the answer.
        classes
            Length of the answer.
        """
        given = helper.make_tensor_value_info("sequence", TensorProto.FLOAT, sequence)
        result = helper.make_tensor_value_info(output, TensorProto.FLOAT, (1, classes))
        graph = helper.make_graph(self._nodes, "network", [given], [result], self._weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        content: bytes = model.SerializeToString()
        return content


class Cell:
    """Weights of one LSTM direction, gates in the order input, forget, cell, output (PyTorch's and Keras's).

    Parameters
    ----------
    kernel, recurrent
        Shapes (4 hidden, inputs) and (4 hidden, hidden).
    bias
        Sum of all biases, shape (4 hidden,).
    """

    def __init__(self, kernel: Floats, recurrent: Floats, bias: Floats) -> None:
        self.kernel, self.recurrent, self.bias = kernel, recurrent, bias

    def reordered(self) -> tuple[Floats, Floats, Floats]:
        """Return the weights with the gates in ONNX's order: input, output, forget, cell."""

        def turned(values: Floats) -> Floats:
            entry, forget, cell, output = np.split(values, 4)
            return np.concatenate([entry, output, forget, cell])

        bias = turned(self.bias)
        return turned(self.kernel), turned(self.recurrent), np.concatenate([bias, np.zeros_like(bias)])
