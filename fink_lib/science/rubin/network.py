"""Networks that come with the fink-science package, converted once into ONNX and run on one alert at a time.

A sequence is fed alone: its sums are then taken over the same shapes whatever else is in the batch, so that the
same alert has the same score to the last bit.
"""

import hashlib
import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from fink_lib.errors import ConfigError

logger = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]
Build = Callable[[Path], bytes]

PACKAGE = "fink-science"
# Raised when the conversion changes: what older code converted is then made anew.
CONVERTER = 1


@dataclass(frozen=True)
class Network:
    """A converted network.

    Attributes
    ----------
    name
        Short name.
    source
        Package and version that its weights come from.
    source_sha256
        Of the file with the weights.
    """

    name: str
    source: str
    source_sha256: str
    _session: Any = field(repr=False)

    def __call__(self, sequence: Floats) -> Floats:
        """Return the network's answer to one sequence, shape (time, 1, inputs)."""
        answer: Floats = self._session.run(None, {"sequence": sequence})[0]
        return answer

    @property
    def facts(self) -> dict[str, str]:
        """Name of the model and where it comes from, for the provenance of a row."""
        return {f"model.{self.name}": f"{self.source} sha256 {self.source_sha256[:12]} converter {CONVERTER}"}


def open_network(name: str, file: str, build: Build, cache: Path) -> Network:
    """Open a network of the wheel; it is converted the first time that weights of this content are met.

    Parameters
    ----------
    name
        Short name; the ONNX file is ``models/<name>-<hash>-<converter>.onnx`` below the cache.
    file
        Path inside the package ``fink_science``.
    build
        From the file to the bytes of an ONNX model.
    cache
        The settings' cache folder.

    Raises
    ------
    ConfigError
        When the file is not there or cannot be converted.
    """
    path = package_file(file)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    converted = cache / "models" / f"{name}-{digest[:12]}-{CONVERTER}.onnx"
    if not converted.is_file():
        _write(converted, build(path))
    return Network(name, f"{PACKAGE} {metadata.version(PACKAGE)}", digest, _open(converted))


def package_file(file: str) -> Path:
    """Return the path of a file that the package ``fink_science`` carries.

    Raises
    ------
    ConfigError
        When the package or the file is missing.
    """
    try:
        path = Path(str(resources.files("fink_science").joinpath(file)))
    except ModuleNotFoundError:
        path = Path(file)
    if not path.is_file():
        raise ConfigError(f"model file fink_science/{file} is missing; install the package {PACKAGE}")
    return path


def _write(path: Path, content: bytes) -> None:
    """Write the file whole or not at all; two workers that convert at once write the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as scratch:
        scratch.write(content)
    Path(scratch.name).chmod(0o644)
    Path(scratch.name).rename(path)
    logger.info("network converted file=%s", path)


def _open(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    # One thread: the process is one of several workers that share the cores.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
