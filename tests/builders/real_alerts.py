"""Real alerts small enough for the repository: stamps are taken out of their packets, all else is as it was sent.

Alerts of programmes that are not public, and those with a point of one in their history, are left out.

``python -m tests.builders.real_alerts make DATA`` makes ``real_alerts.tar.xz`` of a folder of extra real alerts; the
same folder gives the same bytes. ``unpack DIR`` lays it out again as that folder is laid out.
"""

import contextlib
import io
import json
import lzma
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import fastavro

from fink_lib.avro.schema import resolved
from fink_lib.surveys.framing import FolderSchemas

KEPT = Path(__file__).with_suffix(".tar.xz")
ARCHIVE = ".tar.gz"
FRAME_BYTES = 5
PUBLIC_PROGRAMME = 1
HISTORIES = ("prv_candidates", "fp_hists")
MAX_BYTES = 12_000  # of a message or notice; long histories and maps of the sky are left out
TABLES = (".avsc", ".csv", ".parquet")  # chosen by name, whatever their size
CHOSEN: Mapping[str, int] = {  # pattern of paths → how many of each folder or archive, by name
    "elasticc/packets_v0_9.tar.gz": 10,
    "fink_outputs/ztf_2025.parquet": 1,
    "gcn/gcn_schema_json/*": 100,
    "gcn/skyportal/*.xml": 100,
    "gcn/voevent_*/*": 100,
    "lsst/index.csv": 1,
    "lsst/framed_*/*": 10,
    "lsst/lsst_v10_0_wire.tar.gz": 40,
    "lsst/packets/MANIFEST.csv": 1,
    "lsst/packets/*/*": 8,
    "schemas/**/*": 1000,
    "third/pgir/*": 3,
    "third/winter/*": 3,
    "ztf/ztf_2025_packets.tar.gz": 100,
    "ztf/ztf_mixed_versions.tar.gz": 100,
    "ztf/ztf_public_20181129.tar.gz": 60,
    "ztf/ztf_public_20200101.tar.gz": 100,
    "ztf/ztf_public_20211122.tar.gz": 20,
    "ztf/ztf_public_20231018.tar.gz": 40,
}


def make(data: Path, kept: Path = KEPT) -> None:
    """Write the archive of what is chosen of a folder of real alerts."""
    schemas = FolderSchemas(data / "schemas" / "lsst").schemas()
    messages = {number: fastavro.parse_schema(resolved(one)) for number, one in schemas.items()}
    with lzma.open(kept, "wb", preset=9 | lzma.PRESET_EXTREME) as out, tarfile.open(fileobj=out, mode="w") as tar:
        for pattern, most in CHOSEN.items():
            for folder in sorted({path.parent for path in data.glob(pattern) if path.is_file()}):
                for name, content in _first(_files(folder, PurePosixPath(pattern).name), most, messages):
                    _add(tar, (folder.relative_to(data) / name).as_posix(), content)


def _files(folder: Path, pattern: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a folder, and those within its archives, by name."""
    for path in sorted(folder.glob(pattern)):
        if not path.name.endswith(ARCHIVE):
            yield from [(path.name, path.read_bytes())] if path.is_file() else []
            continue
        with tarfile.open(path) as tar:
            for member in sorted((one for one in tar if one.isfile()), key=lambda one: one.name):
                content = tar.extractfile(member)
                yield f"{path.name}/{member.name}", content.read() if content else b""


def _first(files: Iterator[tuple[str, bytes]], most: int, messages: Mapping[int, Any]) -> Iterator[tuple[str, bytes]]:
    for name, content in files:
        small = _small(name, content, messages)
        if most and small is not None:
            yield name, small
            most -= 1


def _small(name: str, content: bytes, messages: Mapping[int, Any]) -> bytes | None:
    """Return a file without stamps; None where it is too large even so, or not public."""
    if content[:4] == b"Obj\x01":
        return _container(content)
    number = int.from_bytes(content[1:FRAME_BYTES], "big")
    if content[:1] == b"\x00" and number in messages:
        packet = fastavro.schemaless_reader(io.BytesIO(content[FRAME_BYTES:]), messages[number])
        out = io.BytesIO()
        fastavro.schemaless_writer(out, messages[number], _without_stamps(packet, messages[number]))
        content = content[:FRAME_BYTES] + out.getvalue()
    return content if len(content) <= MAX_BYTES or name.endswith(TABLES) else None


def _container(content: bytes) -> bytes | None:
    try:
        reader = fastavro.reader(io.BytesIO(content))
        # fastavro reads a schema's keys in an order that differs from run to run
        schema = json.loads(json.dumps(reader.writer_schema, sort_keys=True))
        packets = [_without_stamps(packet, schema) for packet in reader]
    except Exception:  # noqa: BLE001 - damaged, or of a schema that fastavro refuses
        return None
    if not all(map(is_public, packets)):
        return None
    out = io.BytesIO()
    fastavro.writer(out, schema, packets, codec="null", sync_marker=bytes(16))
    return out.getvalue()


def is_public(packet: Mapping[str, Any]) -> bool:
    """Tell whether no part of a packet is of a programme that is not public; surveys without programmes have none."""
    listed = (each for name in HISTORIES for each in packet.get(name) or ())
    return all(one.get("programid", PUBLIC_PROGRAMME) in {PUBLIC_PROGRAMME, None}
               for one in (packet.get("candidate") or {}, *listed))  # fmt: skip


def _without_stamps(packet: Any, schema: Any) -> dict[str, Any]:
    """Return a packet without stamps: null, or no bytes where they must be there."""
    kinds = {one["name"]: one["type"] for one in schema["fields"] if one["name"].startswith("cutout")}
    return {**packet, **{name: None if "null" in kind else b"" for name, kind in kinds.items()}}


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    told = tarfile.TarInfo(name)
    told.size = len(content)
    tar.addfile(told, io.BytesIO(content))


def unpacked(folder: Path) -> Path:
    """Lay the files out in a folder, with archives as archives; return the folder."""
    archives: dict[str, tarfile.TarFile] = {}
    with contextlib.ExitStack() as opened:
        kept = opened.enter_context(tarfile.open(KEPT))
        for member in kept:
            content = kept.extractfile(member)
            assert content is not None
            within, _, name = member.name.partition(f"{ARCHIVE}/")
            path = folder / (within + ARCHIVE if name else within)
            path.parent.mkdir(parents=True, exist_ok=True)
            if not name:
                path.write_bytes(content.read())
                continue
            if within not in archives:
                archives[within] = opened.enter_context(tarfile.open(path, "w:gz", compresslevel=1))
            _add(archives[within], name, content.read())
    return folder


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]))
        print(f"{KEPT.name}: {KEPT.stat().st_size} bytes")  # noqa: T201 - what it is for
    else:
        print(f"{KEPT.name} is unpacked in {unpacked(Path(sys.argv[2]))}")  # noqa: T201 - what it is for
