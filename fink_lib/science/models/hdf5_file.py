"""Arrays of a small HDF5 file: the part of the format that Keras writes weights with, and nothing more.

Read are files with a version 0 superblock, groups as symbol tables, and float32 data sets stored in one piece.
Anything else is refused by name. Format: "HDF5 File Format Specification Version 3.0", The HDF Group.
"""

import struct
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from fink_lib.errors import ModelError

Floats = npt.NDArray[np.float32]

SIGNATURE = b"\x89HDF\r\n\x1a\n"
ROOT_HEADER_AT = 64  # object header address in the root entry of a version 0 superblock with 8-byte addresses
DATASPACE, DATATYPE, LAYOUT, CONTINUATION, SYMBOL_TABLE = 0x1, 0x3, 0x8, 0x10, 0x11
SYMBOL_BYTES = 40
MAX_DEPTH = 32


def read_arrays(content: bytes) -> dict[str, Floats]:
    """Return every float32 data set of a file by its path.

    Raises
    ------
    ModelError
        When the bytes are not such a file.
    """
    if content[:8] != SIGNATURE or content[8:9] != b"\0" or content[13:15] != b"\x08\x08":
        raise ModelError("cannot read this HDF5 file: no version 0 superblock with 8-byte addresses")
    try:
        (root,) = struct.unpack_from("<Q", content, ROOT_HEADER_AT)
        return dict(_walk(content, root, "", 0))
    except (struct.error, ValueError, IndexError) as error:
        raise ModelError(f"cannot read this HDF5 file: {error}") from error


def _walk(content: bytes, header: int, path: str, depth: int) -> Iterator[tuple[str, Floats]]:
    if depth > MAX_DEPTH:
        raise ValueError(f"groups nested deeper than {MAX_DEPTH}")
    messages = dict(_messages(content, header))
    if SYMBOL_TABLE in messages:
        tree, heap = struct.unpack_from("<QQ", messages[SYMBOL_TABLE])
        (names,) = struct.unpack_from("<Q", content, heap + 24)
        for name_at, child in _symbols(content, tree, 0):
            start = names + name_at
            name = content[start : content.index(b"\0", start)].decode()
            yield from _walk(content, child, f"{path}/{name}", depth + 1)
    elif DATASPACE in messages and LAYOUT in messages:
        yield path, _array(content, messages, path)


def _messages(content: bytes, header: int) -> Iterator[tuple[int, bytes]]:
    """Yield the messages of a version 1 object header, its continuations too."""
    if content[header] != 1:
        raise ValueError(f"object header version {content[header]} at {header}")
    count, _, size = struct.unpack_from("<HII", content, header + 2)
    blocks = [(header + 16, size)]
    while blocks and count > 0:
        at, left = blocks.pop(0)
        end = at + left
        while at + 8 <= end and count > 0:
            kind, length = struct.unpack_from("<HH", content, at)
            body = content[at + 8 : at + 8 + length]
            at, count = at + 8 + length, count - 1
            if kind == CONTINUATION:
                blocks.append(struct.unpack_from("<QQ", body))
            else:
                yield kind, body


def _symbols(content: bytes, node: int, depth: int) -> Iterator[tuple[int, int]]:
    """Yield (name offset, object header) of every entry below a node of a group's tree."""
    if depth > MAX_DEPTH or content[node : node + 4] != b"TREE":
        raise ValueError(f"no group tree at {node}")
    level, count = content[node + 5], struct.unpack_from("<H", content, node + 6)[0]
    for place in range(count):
        (child,) = struct.unpack_from("<Q", content, node + 32 + 16 * place)
        if level > 0:
            yield from _symbols(content, child, depth + 1)
            continue
        if content[child : child + 4] != b"SNOD":
            raise ValueError(f"no symbol node at {child}")
        (entries,) = struct.unpack_from("<H", content, child + 6)
        for entry in range(entries):
            yield struct.unpack_from("<QQ", content, child + 8 + SYMBOL_BYTES * entry)


def _array(content: bytes, messages: dict[int, bytes], path: str) -> Floats:
    space, kind, layout = messages[DATASPACE], messages[DATATYPE], messages[LAYOUT]
    shape = struct.unpack_from(f"<{space[1]}Q", space, 8 if space[0] == 1 else 4)
    if kind[0] & 0xF != 1 or struct.unpack_from("<I", kind, 4)[0] != np.dtype("<f4").itemsize or kind[1] & 1:
        raise ValueError(f"{path} is not float32")
    if layout[0] != 3 or layout[1] != 1:  # noqa: PLR2004 - layout version 3, class 1: in one piece
        raise ValueError(f"{path} is not stored in one piece")
    address, size = struct.unpack_from("<QQ", layout, 2)
    values = np.frombuffer(content[address : address + size], dtype="<f4")
    return values.reshape(shape).astype(np.float32)
