"""Model files are read, never run."""

import io
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fink_lib.errors import ModelError
from fink_lib.science.models.sources import MODELS
from fink_lib.science.models.store import model_file
from fink_lib.science.models.torch_file import LEGACY_MAGIC, LEGACY_PROTOCOL, read_tensors
from fink_lib.science.models.unpickle import FORESTS, NUMPY, plain, read_pickle


class Bomb:
    """Leaves a file behind when its pickle is loaded the usual way."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_would_act_is_refused_and_does_nothing(protocol: int, tmp_path: Path) -> None:
    data = pickle.dumps({"harmless": 1, "bomb": Bomb(tmp_path / "trace")}, protocol)
    with pytest.raises(ModelError, match="not on the list"):
        read_pickle(io.BytesIO(data), FORESTS)
    assert not (tmp_path / "trace").exists()
    pickle.loads(data)  # noqa: S301 - our own bytes: the bomb works where it is not refused
    assert (tmp_path / "trace").exists()


@pytest.mark.parametrize(
    "name",
    ["builtins.eval", "os.system", "numpy.load", "sklearn.tree._tree.exec", "torch.load", "copyreg._reconstructor"],
)
def test_no_other_name_is_known(name: str) -> None:
    module, _, function = name.rpartition(".")
    with pytest.raises(ModelError, match=name):
        read_pickle(io.BytesIO(f"c{module}\n{function}\n.".encode()), FORESTS)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3)),
        np.array([True, False]),
        np.arange(4, dtype=">i4"),
        np.array([(1, 2.5), (3, 4.5)], dtype=[("left", "<i8"), ("threshold", "<f8")]),
        np.array(["a", "b"], dtype=object),
    ],
)
@pytest.mark.parametrize("protocol", [3, 4])
def test_arrays_come_back_as_they_were(array: Any, protocol: int) -> None:
    found = plain(read_pickle(io.BytesIO(pickle.dumps(array, protocol)), NUMPY))
    np.testing.assert_array_equal(np.asarray(found, dtype=array.dtype), array)


def test_numbers_of_numpy_come_back_as_they_were() -> None:
    assert plain(read_pickle(io.BytesIO(pickle.dumps(np.float32(0.5), 3)), NUMPY)) == 0.5


@pytest.mark.parametrize("data", [b"", b"\x80", b"garbage", pickle.dumps([1, 2, 3])[:-3]])
def test_a_damaged_pickle_is_said_to_be_damaged(data: bytes) -> None:
    with pytest.raises(ModelError):
        read_pickle(io.BytesIO(data), FORESTS)


def weights(name: str) -> bytes:
    source = MODELS[name]
    return model_file(source, source.files["weights"]).read_bytes()


def test_tensors_of_the_old_layout_and_of_the_zip_layout() -> None:
    old = read_tensors(weights("snn_snia_vs_nonia"))
    assert old["rnn_layer.weight_ih_l0"].shape == (128, 8)
    assert old["output_layer.weight"].dtype == np.float32
    source = MODELS["snn_snia_vs_nonia"]
    zipped = model_file(source, "fink_science/data/models/snn_models/elasticc_ia/model.pt").read_bytes()
    assert zipped.startswith(b"PK")
    new = read_tensors(zipped)
    assert list(new) == list(old)
    assert all(np.isfinite(tensor).all() and np.abs(tensor).max() < 50 for tensor in new.values())


@pytest.mark.parametrize("cut", [10, 500, 5000, 100_000])
def test_a_torch_file_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(ModelError):
        read_tensors(weights("snn_sn_vs_all")[:cut])


def test_a_tensor_cannot_look_beyond_its_storage() -> None:
    """A crafted file: a tensor of ten values over a storage of two."""
    state = (
        b"\x80\x02}q\x00X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n"
        b"((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x02NtQ"
        b"K\x00(K\ntp(K\x01tpI00\n}tRs."
    ).replace(b"tp(", b"t(").replace(b"tpI00", b"tI00")  # fmt: skip
    head = b"".join(pickle.dumps(part, 2) for part in (LEGACY_MAGIC, LEGACY_PROTOCOL, {}))
    tail = pickle.dumps(["0"], 2) + struct.pack("<q", 2) + np.ones(2, "<f4").tobytes()
    with pytest.raises(ModelError, match="needs 10 values"):
        read_tensors(head + state + tail)
