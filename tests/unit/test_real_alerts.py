"""The real alerts of the repository: small, of every survey and schema version, and without stamps."""

import io
import itertools
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro

from tests.builders.real_alerts import KEPT, _container, is_public, unpacked
from tests.unit.surveys.lsst_messages import framed, id_of, wire

RUBIN = {700, 701, 702, 703, 704, 800, 900, 1000, 1100, 1101}
ZTF = {"None", "3.2", "3.3", "4.02"}


def containers(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.rglob("*")):
        if path.name.endswith(".tar.gz"):
            with tarfile.open(path) as tar:
                for member in tar:
                    content = tar.extractfile(member)
                    assert content is not None
                    yield from packets(content.read())
        elif path.suffix == ".avro":
            yield from packets(path.read_bytes())


def packets(content: bytes) -> Iterator[dict[str, Any]]:
    for packet in fastavro.reader(io.BytesIO(content)):
        assert isinstance(packet, dict)
        yield packet


def test_they_are_small() -> None:
    assert KEPT.stat().st_size < 1_000_000


def test_each_survey_and_version_has_some_and_none_has_stamps(tmp_path: Path) -> None:
    real_alerts = unpacked(tmp_path)
    found = {name: list(containers(real_alerts / name)) for name in ("ztf", "elasticc", "third/winter", "third/pgir")}
    assert {name: len(each) for name, each in found.items()} == {
        "ztf": 282, "elasticc": 10, "third/winter": 3, "third/pgir": 3
    }  # fmt: skip
    assert {str(one.get("schemavsn")) for one in found["ztf"]} >= ZTF
    assert {id_of(message) for _, message in (*wire(real_alerts), *framed(real_alerts))} == RUBIN
    every = itertools.chain.from_iterable(found.values())
    assert not any(value for one in every for name, value in one.items() if name.startswith("cutout"))


def test_no_part_of_them_is_of_a_programme_that_is_not_public(tmp_path: Path) -> None:
    real_alerts = unpacked(tmp_path)
    for folder in ("ztf", "third"):
        hidden = [one["candidate"] for one in containers(real_alerts / folder) if not is_public(one)]
        assert [(one["candid"], one["programid"]) for one in hidden] == []
    assert not is_public({"candidate": {"programid": 1}, "prv_candidates": [{"programid": 1}, {"programid": 3}]})
    assert not is_public({"candidate": {"programid": 2}, "prv_candidates": None})


def test_what_is_taken_out_of_a_packet_are_its_stamps_alone() -> None:
    stamp = {"type": "record", "name": "stamp", "fields": [{"name": "data", "type": "bytes"}]}
    fields = [{"name": "candid", "type": "long"}, {"name": "cutoutScience", "type": [stamp, "null"]}]
    fields += [{"name": "cutout_template", "type": "bytes"}]
    schema = {"type": "record", "name": "alert", "fields": fields}
    out = io.BytesIO()
    fastavro.writer(out, schema, [{"candid": 7, "cutoutScience": {"data": b"x"}, "cutout_template": b"y"}])
    small = _container(out.getvalue())
    assert small is not None
    assert list(packets(small)) == [{"candid": 7, "cutoutScience": None, "cutout_template": b""}]
    text = fastavro.reader(io.BytesIO(small)).metadata["avro.schema"]
    assert list(json.loads(text)) == sorted(json.loads(text)), "the same bytes whichever process makes it"
    assert _container(b"Obj\x01 and no more") is None
