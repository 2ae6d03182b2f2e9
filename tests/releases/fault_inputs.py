"""The files that v0.1.0 read wrongly, small and the same for both releases."""

import io
import tarfile
import zipfile
from pathlib import Path

import fastavro

from fink_lib.surveys import ZTF
from fink_lib.surveys.checks import without_defaults
from fink_lib.surveys.container import read_header
from tests.unit.ingest.messages import body_of, ztf_message, ztf_record, ztf_schema

GAIA_ID = "4294967296123456789"
CATALOGS = {
    "ids.csv": f"source_id,ra,dec,label\n{GAIA_ID},1,2,a\n,3,4,b\n000123,5,6,c\n",
    "zeros.csv": "source_id,ra,dec,label\n000123,1,2,a\n000456,3,4,b\n",
    "dashes.csv": "ra,dec,label\n12 34 56,10 30 36,a\n--,--,b\n",
    "letters.csv": "ra,dec,label\n12h34m56s,+10d30m36s,a\n",
    "colons.csv": "ra,dec,label\n12:34,+10:30,a\n",
    "minus.csv": "ra,dec,label\n12 34 00,\N{MINUS SIGN}00 30 00,a\n",
    "short.csv": "ra,dec,label\n1,2,a\n3,4\n5,6,c\n",
    "latin.csv": "ra,dec,label\n1,2,\N{LATIN CAPITAL LETTER E WITH ACUTE}toile\n",
}


def write_inputs(folder: Path) -> None:
    """Write every file that the questions name."""
    for name, text in CATALOGS.items():
        (folder / name).write_bytes(text.encode("latin-1" if name == "latin.csv" else "utf-8"))
    messages = [ztf_message(number) for number in range(3)]
    (folder / "three.avro").write_bytes(in_one_container(messages))
    with tarfile.open(folder / "night.tar.bz2", "w:bz2") as tar:
        info = tarfile.TarInfo("1.avro")
        info.size = len(messages[0])
        tar.addfile(info, io.BytesIO(messages[0]))
    (folder / "locked.zip").write_bytes(locked(messages[0]))


def in_one_container(messages: list[bytes]) -> bytes:
    """Return one Avro file that holds the alerts of several."""
    records = [record for message in messages for record in fastavro.reader(io.BytesIO(message))]
    file = io.BytesIO()
    fastavro.writer(file, without_defaults(read_header(messages[0]).schema), records)
    return file.getvalue()


def locked(message: bytes) -> bytes:
    """Return a zip file that says of its packet that it is encrypted, as one made with a password does."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("1.avro", message)
    raw = bytearray(file.getvalue())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(mark) + at] |= 1
    return bytes(raw)


def of_one_time() -> bytes:
    """Return a packet that passes the cuts, and whose detections of its band share one time."""
    schema, record = ztf_schema(), ztf_record()
    now = record["candidate"] | {"magpsf": 18.0, "sigmapsf": 0.1, "distnr": 9.0, "rb": 0.9, "nbad": 0, "isdiffpos": "t"}
    listed = next(field["type"] for field in schema["fields"] if field["name"] == "prv_candidates")
    names = [field["name"] for field in next(kind for kind in listed if kind != "null")["items"]["fields"]]
    past = [{name: now[name] for name in names} | {"magpsf": 17.0 + number} for number in range(4)]
    return ZTF.framing.wrap(schema, body_of(schema, {**record, "candidate": now, "prv_candidates": past}))
