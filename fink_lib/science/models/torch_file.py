"""Tensors of a torch file, old layout or zip, without torch: their bytes are read, nothing is executed."""

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fink_lib.errors import ModelError
from fink_lib.science.models.unpickle import DictRecord, Record, read_pickle

Array = npt.NDArray[Any]

ZIP_MAGIC = b"PK\x03\x04"
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001


@dataclass
class Storage:
    """A block of values that tensors look into; filled once its bytes are met."""

    dtype: np.dtype[Any]
    values: Array = field(default_factory=lambda: np.empty(0))


class FloatStorage(Record):
    """Names the type of a storage of 32-bit floats."""

    dtype = np.dtype("<f4")


class LongStorage(Record):
    """Names the type of a storage of 64-bit integers."""

    dtype = np.dtype("<i8")


class TensorRecord(Record):
    """A tensor: storage, offset, shape and strides, the latter in values."""

    def resolve(self) -> Array:
        """Return the tensor's values as an array of its own.

        Raises
        ------
        ModelError
            When it looks beyond its storage.
        """
        storage, offset, shape, strides = self.args[:4]
        reach = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True)) + 1
        if reach > len(storage.values) or min((offset, *shape, *strides), default=0) < 0:
            raise ModelError(f"a tensor of shape {shape} needs {reach} values, its storage has {len(storage.values)}")
        step = storage.values.itemsize
        view = np.lib.stride_tricks.as_strided(
            storage.values[offset:], shape, tuple(stride * step for stride in strides), writeable=False
        )
        return view.copy()


NAMES: Mapping[str, Callable[..., Any]] = {
    "collections.OrderedDict": DictRecord,
    "torch._utils._rebuild_tensor_v2": TensorRecord,
    "torch.FloatStorage": FloatStorage,
    "torch.LongStorage": LongStorage,
}


def read_tensors(data: bytes) -> dict[str, Array]:
    """Return the tensors of a saved state, by name.

    Parameters
    ----------
    data
        Content of the ``.pt`` file.

    Raises
    ------
    ModelError
        When it is no state of tensors, names anything else, or is damaged.
    """
    state = _read_zip(data) if data.startswith(ZIP_MAGIC) else _read_legacy(data)
    if not isinstance(state, dict) or not all(isinstance(value, TensorRecord) for value in state.values()):
        raise ModelError("the torch file holds something else than a dictionary of tensors")
    return {str(name): tensor.resolve() for name, tensor in state.items()}


def _read_legacy(data: bytes) -> Any:
    stream = io.BytesIO(data)
    if read_pickle(stream, {}) != LEGACY_MAGIC or read_pickle(stream, {}) != LEGACY_PROTOCOL:
        raise ModelError("the file is not of torch: its magic number is another")
    read_pickle(stream, {})  # facts of the machine that wrote it; storages are little-endian
    storages: dict[str, Storage] = {}

    def storage_of(pid: Any) -> Storage:
        _, kind, key, *_ = pid
        return storages.setdefault(key, Storage(kind.dtype))

    state = read_pickle(stream, NAMES, storage_of)
    for key in read_pickle(stream, {}):
        storages[key].values = _values(stream, storages[key].dtype)
    return state


def _values(stream: io.BytesIO, dtype: np.dtype[Any]) -> Array:
    """Read a storage: the number of its values, then the values."""
    size = stream.read(8)
    wanted = int.from_bytes(size, "little") * dtype.itemsize
    data = stream.read(wanted)
    if len(size) < 8 or len(data) < wanted:  # noqa: PLR2004 - bytes of that number
        raise ModelError(f"the torch file is cut short: a storage of {wanted} bytes has {len(data)}")
    return np.frombuffer(data, dtype)


def _read_zip(data: bytes) -> Any:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            main = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
            root = main.removesuffix("data.pkl")

            def storage_of(pid: Any) -> Storage:
                _, kind, key, *_ = pid
                return Storage(kind.dtype, np.frombuffer(archive.read(f"{root}data/{key}"), kind.dtype))

            return read_pickle(io.BytesIO(archive.read(main)), NAMES, storage_of)
    except (zipfile.BadZipFile, StopIteration, KeyError) as error:
        raise ModelError(f"the torch file is damaged: {error}") from error
