"""Each kind of damage to a container has its own name; an undamaged one gives its datum back."""

import contextlib
import io
import zlib
from collections.abc import Callable

import cramjam
import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fink_lib.errors import PacketError
from fink_lib.surveys.base import Damage
from fink_lib.surveys.container import MAGIC, read_header, read_long, write_long
from fink_lib.surveys.framing import ContainerFraming, decode
from tests.unit.surveys.packets import TOY, body_of, toy_message

FRAMING = ContainerFraming()
SYNC = b"s" * 16


def written(codec: str, numbers: list[int], interval: int = 16000) -> bytes:
    stream = io.BytesIO()
    records = [{"id": number, "text": "x" * 50} for number in numbers]
    fastavro.writer(stream, fastavro.parse_schema(dict(TOY)), records, codec, interval, sync_marker=SYNC)
    return stream.getvalue()


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_containers_of_others_are_read(codec: str) -> None:
    assert decode(FRAMING.unwrap(written(codec, [3])))["id"] == 3


@pytest.mark.parametrize("codec", ["snappy", "zstandard"])
def test_codecs_of_spark_exports_are_read(codec: str) -> None:
    body = body_of(TOY, {"id": 3, "text": "x" * 50})
    crc = zlib.crc32(body).to_bytes(4, "big")
    packed = {"snappy": bytes(cramjam.snappy.compress_raw(body)) + crc, "zstandard": bytes(cramjam.zstd.compress(body))}
    message = written("null", [3]).replace(b"\x08null", write_long(len(codec)) + codec.encode())
    start = read_header(message).end
    block = write_long(1) + write_long(len(packed[codec])) + packed[codec] + SYNC
    assert decode(FRAMING.unwrap(message[:start] + block))["id"] == 3


def test_wrap_is_undone_by_unwrap_and_gives_the_same_bytes_again() -> None:
    message = toy_message()
    datum = FRAMING.unwrap(message)
    assert FRAMING.wrap(datum.schema, datum.body) == message
    assert next(iter(fastavro.reader(io.BytesIO(message))))["id"] == 7


def cut_header(message: bytes) -> bytes:
    return message[:40]


def lose_a_byte(message: bytes) -> bytes:
    return message[:-30] + message[-29:]


def flip_marker(message: bytes) -> bytes:
    return message[:-1] + bytes([message[-1] ^ 0xFF])


def whole_but_empty(message: bytes) -> bytes:
    return message[: read_header(message).end]


DAMAGES: list[tuple[Callable[[bytes], bytes], Damage]] = [
    (lambda _: b"", Damage.NOT_A_PACKET),
    (lambda m: m[1:], Damage.NOT_A_PACKET),
    (cut_header, Damage.TRUNCATED),
    (lambda m: m[:-20], Damage.TRUNCATED),
    (lambda m: m[:-1], Damage.TRUNCATED),
    (lambda m: whole_but_empty(m)[:-1], Damage.TRUNCATED),
    (lambda m: whole_but_empty(m) + b"\x80", Damage.TRUNCATED),
    (lose_a_byte, Damage.BAD_SYNC_MARKER),
    (flip_marker, Damage.BAD_SYNC_MARKER),
    (lambda m: m + b"garbage", Damage.TRAILING_GARBAGE),
    (lambda m: m + b"\x00", Damage.TRAILING_GARBAGE),
    (whole_but_empty, Damage.NO_RECORD),
    (lambda m: m + m[read_header(m).end :], Damage.SEVERAL_RECORDS),
    (lambda m: m.replace(b"\x08null", b"\x08nope"), Damage.UNDECODABLE),
    (lambda m: m.replace(b'{"type": "record"', b'{"type": "record"!'[:17] + b"!"), Damage.UNDECODABLE),
    (lambda m: m.replace(b"avro.schema", b"avro.schemb"), Damage.UNDECODABLE),
]


@pytest.mark.parametrize(("damage", "expected"), DAMAGES)
def test_damage_is_named(damage: Callable[[bytes], bytes], expected: Damage) -> None:
    with pytest.raises(PacketError) as caught:
        FRAMING.unwrap(damage(toy_message()))
    assert caught.value.error_class == expected


def test_two_records_in_one_block_are_several() -> None:
    with pytest.raises(PacketError) as caught:
        FRAMING.unwrap(written("null", [1, 2]))
    assert caught.value.error_class == Damage.SEVERAL_RECORDS


@given(st.binary(max_size=300))
def test_any_bytes_after_the_magic_are_refused_and_never_crash(noise: bytes) -> None:
    with pytest.raises(PacketError):
        FRAMING.unwrap(MAGIC + noise)


@given(st.integers(0, 400), st.integers(1, 255))
def test_a_changed_byte_never_escapes_as_another_error(at: int, flip: int) -> None:
    message = bytearray(toy_message())
    message[at % len(message)] ^= flip
    with contextlib.suppress(PacketError):
        decode(FRAMING.unwrap(bytes(message)))


@given(st.integers(-(2**63), 2**63 - 1))
def test_longs_survive_the_round_trip(value: int) -> None:
    data = write_long(value)
    assert read_long(data, 0) == (value, len(data))
