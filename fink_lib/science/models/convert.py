"""From the bytes of a model file to what runs here, each with a check against the original."""

import csv
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fink_lib.errors import ModelError
from fink_lib.science.models import recurrent
from fink_lib.science.models.forest import Forest, from_onnx, from_sklearn
from fink_lib.science.models.torch_file import read_tensors
from fink_lib.science.models.unpickle import FORESTS, read_pickle

Array = npt.NDArray[Any]

# Raised whenever a conversion changes: stored models are then built anew.
CONVERTER = "2"

CHECKED_ROWS = 64
CHECKED_POINTS = (2, 3, 5, 10, 40)
NETWORK_TOLERANCE = 1e-6
CHECKED_CATS_POINTS = (2, 30, 395)
CATS_TOLERANCE = 2e-5  # two thousand steps of single precision, one after the other
FOREST_TOLERANCE = 1e-12
ONNX_TOLERANCE = 1e-6  # the original adds its trees in single precision


@dataclass(frozen=True)
class Parity:
    """How far the converted model is from the original.

    Attributes
    ----------
    against
        What was evaluated beside it.
    rows
        Random inputs compared.
    max_diff
        Largest difference of an output.
    """

    against: str
    rows: int
    max_diff: float


@dataclass(frozen=True)
class Converted:
    """A model as it is stored.

    Attributes
    ----------
    arrays
        Arrays by name (a forest).
    graph
        ONNX bytes (a network).
    settings
        What a module must know to feed it; plain values.
    parity
        The check that it passed.
    """

    parity: Parity
    arrays: Mapping[str, Array] = field(default_factory=dict)
    graph: bytes | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


def recurrent_network(weights: bytes, settings: Mapping[str, Any], norm: Mapping[str, Any]) -> Converted:
    """Convert a recurrent network of torch to ONNX.

    Parameters
    ----------
    weights
        The ``.pt`` file.
    settings, norm
        The files that lie beside it: names of the features, and minimum, mean and width of each normalised one.
    """
    tensors = read_tensors(weights)
    graph = recurrent.to_onnx(tensors)
    names = settings["training_features"]
    return Converted(
        parity=_check_network(graph, tensors, len(names)),
        graph=graph,
        settings={
            "features": names,
            "filters": settings["list_filters"],
            "norm": {name: norm[name] for name in settings["training_features_to_normalize"]},
        },
    )


def cats_network(content: bytes) -> Converted:
    """Convert the convolutional and recurrent network of a Keras file to ONNX.

    Parameters
    ----------
    content
        The ``.keras`` file.
    """
    from fink_lib.science.models import cats  # noqa: PLC0415 - it imports onnx, which only building needs

    file = cats.read_keras(content)
    graph = cats.to_onnx(file)
    draw, opened, worst = np.random.default_rng(0), session(graph), 0.0
    for points in CHECKED_CATS_POINTS:
        sequence = np.full((cats.POINTS, 4), -999.0, dtype=np.float32)
        sequence[:, 3] = 0.0
        sequence[:points] = draw.uniform(0.0, 1.0, (points, 4))
        found = opened.run(None, {"sequence": sequence[:, None, :]})[0][0]
        worst = max(worst, float(np.abs(found - cats.probabilities(file, sequence)).max()))
    parity = Parity("numpy, double precision", len(CHECKED_CATS_POINTS), worst)
    return Converted(parity=_within(parity, CATS_TOLERANCE), graph=graph, settings={"points": cats.POINTS})


def random_forest(data: bytes, components: bytes | None = None) -> Converted:
    """Convert a pickled random-forest classifier to flat arrays.

    Parameters
    ----------
    data
        The pickle.
    components
        Template curves that its features are coefficients of, as CSV: a line of numbers, then a line each.
    """
    record = read_pickle(io.BytesIO(data), FORESTS)
    forest = from_sklearn(record)
    width = int(record["n_features_in_"])
    names = record.state.get("feature_names_in_")
    return Converted(
        parity=_check_forest(forest, record, width),
        arrays=forest.arrays(),
        settings={
            "width": width,
            "features": names.resolve() if names is not None else [],
            "components": [] if components is None else np.loadtxt(io.BytesIO(components), delimiter=",")[1:].tolist(),
        },
    )


def aad_forest(files: Mapping[str, bytes], member: str) -> Converted:
    """Convert a forest of active anomaly discovery from the ONNX file in an archive to flat arrays.

    Parameters
    ----------
    files
        Role → content: `forest`, the archive, and `means`, a CSV of features and their means.
    member
        Name of the ONNX file in the archive.

    Raises
    ------
    ModelError
        When the archive has no such file, or the arrays do not say what the ONNX file says.
    """
    import onnx  # noqa: PLC0415 - only building needs it

    try:
        with zipfile.ZipFile(io.BytesIO(files["forest"])) as archive:
            data = archive.read(member)
        graph = onnx.load_from_string(data).graph
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ModelError(f"the archive holds no sound '{member}': {error}") from error
    forest = from_onnx(graph.node[0])
    means = {row[0]: float(row[1]) for row in csv.reader(io.StringIO(files["means"].decode())) if row and row[0]}
    return Converted(
        parity=_check_against_onnx(forest, data, len(means)),
        arrays=forest.arrays(),
        settings={"features": list(means), "means": means, "member": member},
    )


def session(graph: bytes) -> Any:
    """Open an ONNX graph on one core: the process is one of several workers that share the machine."""
    import onnxruntime as ort  # noqa: PLC0415 - takes half a second that not every command must pay

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors alone: an old file's declared shape of its output is no news
    return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _check_network(graph: bytes, tensors: Mapping[str, Array], width: int) -> Parity:
    """Compare the graph with the same network written out in double precision."""
    draw, opened, worst = np.random.default_rng(0), session(graph), 0.0
    for points in CHECKED_POINTS:
        x = draw.normal(size=(points, width)).astype(np.float32)
        found = opened.run(None, {"x": x[:, None, :]})[0][0]
        worst = max(worst, float(np.abs(found - recurrent.probabilities(tensors, x)).max()))
    return _within(Parity("numpy, double precision", len(CHECKED_POINTS), worst), NETWORK_TOLERANCE)


def _check_forest(forest: Forest, record: Any, width: int) -> Parity:
    """Compare the flat arrays with a walk down each tree as the file has it, node by node."""
    rows = _rows_on_the_edge(forest, width)
    walked = [_walk(wrapped["tree_"], rows) for wrapped in record["estimators_"]]
    worst = float(np.abs(forest.mean(rows) - np.mean(walked, axis=0)).max())
    return _within(Parity("the file's own trees, node by node", len(rows), worst), FOREST_TOLERANCE)


def _check_against_onnx(forest: Forest, data: bytes, width: int) -> Parity:
    rows = _rows_on_the_edge(forest, width)
    found = session(data).run(None, {"X": rows})[0].reshape(-1)
    worst = float(np.abs(forest.total(rows) - found).max())
    return _within(Parity("onnxruntime on the file itself", len(rows), worst), ONNX_TOLERANCE)


def _rows_on_the_edge(forest: Forest, width: int) -> npt.NDArray[np.float32]:
    """Return rows made of values that the forest decides by, where a wrong comparison shows at once."""
    draw = np.random.default_rng(0)
    rows = np.zeros((CHECKED_ROWS, width), dtype=np.float32)
    for column in range(width):
        limits = forest.threshold[(forest.feature == column) & np.isfinite(forest.threshold)]
        if len(limits):
            rows[:, column] = draw.choice(limits, CHECKED_ROWS)
    return rows


def _walk(tree: Any, rows: Array) -> list[float]:
    """Return the share of the second class in the leaf that each row ends in."""
    nodes, counts = tree["nodes"], tree["values"][:, 0, :].tolist()
    left, right, feature, limit = (
        nodes[name].tolist() for name in ("left_child", "right_child", "feature", "threshold")
    )
    shares = []
    for row in rows.tolist():
        at = 0
        while left[at] >= 0:
            at = left[at] if row[feature[at]] <= limit[at] else right[at]
        shares.append(counts[at][1] / sum(counts[at]))
    return shares


def _within(parity: Parity, tolerance: float) -> Parity:
    if not parity.max_diff <= tolerance:
        raise ModelError(
            f"the converted model differs by {parity.max_diff:.2g} from {parity.against}, more than {tolerance:g}"
        )
    return parity
