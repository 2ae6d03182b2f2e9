"""Weights of a PyTorch file without PyTorch, and without running anything that the file brings along.

Such a file is a zip: a pickle that names tensors, and their bytes. The pickle is read with a loader that knows four
names, all of them stand-ins that can do nothing but describe a tensor; any other name ends the reading.
"""

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fink_lib.errors import ConfigError

Floats = npt.NDArray[np.float32]


def read_weights(path: Path) -> dict[str, Floats]:
    """Return the float32 tensors of a state dictionary by name.

    Raises
    ------
    ConfigError
        When the file is not such a zip, or its pickle asks for anything but tensors.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            root = next(name for name in archive.namelist() if name.endswith("/data.pkl")).removesuffix("data.pkl")
            with archive.open(f"{root}data.pkl") as stream:
                described = _TensorUnpickler(stream, lambda key: archive.read(f"{root}data/{key}")).load()
    except (zipfile.BadZipFile, StopIteration, KeyError, ValueError, pickle.UnpicklingError) as error:
        raise ConfigError(f"cannot read the weights in {path}: {error}") from error
    return {str(name): tensor for name, tensor in described.items()}


def _tensor(storage: Floats, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> Floats:
    """Cut one tensor out of its storage; a copy, laid out row by row."""
    step = storage.itemsize
    if offset < 0 or min((*size, *stride, 0)) < 0:
        raise ValueError("a tensor with a negative size, stride or offset")
    last = offset + sum((length - 1) * pace for length, pace in zip(size, stride, strict=True))
    if last >= len(storage):
        raise ValueError(f"a tensor that reaches element {last} of a storage of {len(storage)}")
    view = np.lib.stride_tricks.as_strided(storage[offset:], shape=size, strides=[step * pace for pace in stride])
    return np.ascontiguousarray(view)


class _FloatStorage:
    """Stand-in for the class that names the type of a storage."""


_KNOWN: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch", "FloatStorage"): _FloatStorage,
}


class _TensorUnpickler(pickle.Unpickler):
    """Reads tensors and nothing else."""

    def __init__(self, stream: Any, read: Callable[[str], bytes]) -> None:
        super().__init__(stream)
        self._read = read

    def find_class(self, module: str, name: str) -> Any:
        """Return a stand-in, or refuse."""
        try:
            return _KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no weights need") from None

    def persistent_load(self, pid: Any) -> Floats:
        """Return the bytes of a storage as an array."""
        kind, storage_type, key, _device, count = pid
        if kind != "storage" or storage_type is not _FloatStorage:
            raise pickle.UnpicklingError(f"a {kind} of an unknown type")
        values = np.frombuffer(self._read(str(key)), dtype="<f4")
        if len(values) != count:
            raise ValueError(f"storage {key} has {len(values)} numbers instead of {count}")
        return values
