"""A small message that stands for a large one is refused before it is unpacked: memory is bounded whatever comes."""

import gzip
import resource
import zlib
from collections.abc import Callable

import cramjam
import pytest

from fink_lib import inflate
from fink_lib.errors import PacketError
from fink_lib.inflate import MOST_BYTES, TooLargeError, inflated, unpacked_zstandard
from fink_lib.render.cutouts import read_stamp
from fink_lib.surveys import ZTF
from fink_lib.surveys.checks import gzip_fault
from fink_lib.surveys.container import write_long

SCHEMA = b'{"type": "record", "name": "alert", "fields": [{"name": "a", "type": "bytes"}]}'
SYNC = bytes(16)
KB = 1024


def deflated(size: int) -> bytes:
    """Return a bare deflate stream of so many zeros."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    return b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)), packer.flush()])


def snappy(size: int) -> bytes:
    """Return a snappy block whose header claims so many bytes; it need hold none to have them set aside."""
    return write_varint(size) + b"\x00a" + bytes(4)


def write_varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def zstandard(size: int) -> bytes:
    return bytes(cramjam.zstd.compress(bytes(size)))


def container(codec: str, block: bytes) -> bytes:
    """Return a container of one record, packed as it is given."""
    metadata = b"".join(
        write_long(len(part)) + part for part in (b"avro.schema", SCHEMA, b"avro.codec", codec.encode())
    )
    return (
        b"Obj\x01"
        + write_long(2)
        + metadata
        + write_long(0)
        + SYNC
        + write_long(1)
        + write_long(len(block))
        + block
        + SYNC
    )


@pytest.mark.parametrize(("codec", "pack"), [("deflate", deflated), ("zstandard", zstandard), ("snappy", snappy)])
def test_a_block_that_would_fill_the_memory(codec: str, pack: Callable[[int], bytes]) -> None:
    message = container(codec, pack(8 * MOST_BYTES))
    assert len(message) < 3 * 1024 * KB
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(PacketError, match="more than 64 MiB when it is unpacked"):
        ZTF.framing.unwrap(message)
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / KB
    assert grown_mb < 4 * (MOST_BYTES >> 20), "half a gigabyte was never set aside"


def test_a_stamp_that_would_fill_the_memory() -> None:
    bomb = gzip.compress(bytes(MOST_BYTES + 1), 1)
    assert gzip_fault(bomb) == "the gzip stream is more than 64 MiB when it is unpacked"
    with pytest.raises(ValueError, match="more than 64 MiB when it is unpacked"):
        read_stamp(bomb)


@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_what_is_within_the_bound_is_as_it_was(size: int) -> None:
    plain = bytes(index % 251 for index in range(size))
    assert inflated(gzip.compress(plain), 31) == plain
    assert inflated(gzip.compress(plain) + b"more", 31) == plain
    assert unpacked_zstandard(bytes(cramjam.zstd.compress(plain))) == plain


def test_the_bound_itself_is_within(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflate, "MOST_BYTES", 1000)
    assert len(inflated(gzip.compress(bytes(1000)), 31)) == 1000
    assert len(unpacked_zstandard(bytes(cramjam.zstd.compress(bytes(1000))))) == 1000
    for packed in (lambda: inflated(gzip.compress(bytes(1001)), 31),
                   lambda: unpacked_zstandard(bytes(cramjam.zstd.compress(bytes(1001))))):  # fmt: skip
        with pytest.raises(TooLargeError):
            packed()


def test_a_stream_that_ends_early_is_damaged() -> None:
    with pytest.raises(inflate.INFLATE_ERRORS):
        inflated(gzip.compress(b"whole" * 100)[:-9], 31)
