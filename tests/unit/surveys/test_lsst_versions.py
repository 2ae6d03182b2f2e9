"""Rubin's schemas 7.1 to 11.1 in one shape: every value of every packet at hand is where its mapping says."""

import datetime as dt
import io
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pytest
from astropy.time import Time

from fink_lib.avro.schema import leaf_paths, resolved
from fink_lib.errors import PacketError
from fink_lib.packets.reading import reader_of
from fink_lib.packets.rebuilt import Rebuilder
from fink_lib.packets.writer import Writers
from fink_lib.surveys import LSST
from fink_lib.surveys.framing import ConfluentFraming, decode
from fink_lib.surveys.lsst.mappings import MAPPINGS
from fink_lib.surveys.tables import packet_schema
from tests.unit.surveys.lsst_messages import TELLING, framed, full, id_of, misnamed, schemas, wire

VERSIONS = (701, 702, 703, 704, 800, 900, 1000, 1100, 1101)
BY_WRITTEN = {one.written: one for one in MAPPINGS}
MICROSECOND_DAYS = 1.2e-11


def read(messages: list[bytes], shared: Path) -> list[dict[str, Any]]:
    """Read messages of one schema as silver does."""
    framing = ConfluentFraming(schemas(shared))
    datums = [framing.unwrap(message) for message in messages]
    reader = reader_of(Writers(LSST).of(datums[0].text), packet_schema(LSST, cutouts=True))
    assert reader.mismatched == {}
    found = reader.read(pa.array([datum.body for datum in datums], pa.binary()))
    assert not found.faults.any()
    rows: list[dict[str, Any]] = found.columns.to_pylist()
    return rows


def leaves(node: Any, path: str = "", places: tuple[int, ...] = ()) -> Iterator[tuple[str, tuple[int, ...], Any]]:
    """Yield each value that is not null: its dotted path, its places in arrays, itself."""
    if isinstance(node, Mapping):
        for name, value in node.items():
            yield from leaves(value, f"{path}.{name}".lstrip("."), places)
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from leaves(value, path, (*places, place))
    elif node is not None:
        yield path, places, node


def expected(path: str, value: Any) -> tuple[str, Any]:
    """Return path and value that a written value is to be read as."""
    if isinstance(value, dt.datetime):  # fastavro's reading of a timestamp
        value = round(value.timestamp() * 1e6)
    root, _, rest = path.partition(".")
    one = BY_WRITTEN.get(path)
    if one is not None:
        return one.read_as, value * one.times + one.plus if one.converts else value
    moved = BY_WRITTEN.get(root)
    return (f"{moved.read_as}.{rest}" if moved and rest else path), value


def same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and math.isnan(left):
        return isinstance(right, float) and math.isnan(right)
    return type(left) is type(right) and left == right


def compared(messages: list[bytes], shared: Path) -> int:
    """Compare every value of some messages of one schema; return how many there were."""
    framing, count = ConfluentFraming(schemas(shared)), 0
    for message, row in zip(messages, read(messages, shared), strict=True):
        wanted = {
            (name, places): value
            for path, places, given in leaves(decode(framing.unwrap(message)))
            for name, value in [expected(path, given)]
        }
        got = {(path, places): value for path, places, value in leaves(row)}
        assert got.keys() == wanted.keys()
        wrong = {key: (value, got[key]) for key, value in wanted.items() if not same(value, got[key])}
        assert wrong == {}
        count += len(wanted)
    return count


def test_every_value_of_every_packet_at_hand(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    by_version: dict[int, list[bytes]] = {}
    for _, message in (*wire(shared_data), *framed(shared_data)):
        by_version.setdefault(id_of(message), []).append(message)
    assert len(by_version.pop(700)) == 2
    assert set(by_version) == set(VERSIONS)
    counts = {schema_id: compared(messages, shared_data) for schema_id, messages in sorted(by_version.items())}
    told = Counter({schema_id: len(messages) for schema_id, messages in by_version.items()})
    assert told == {701: 3, 702: 2, 703: 3, 704: 7, 800: 2, 900: 82, 1000: 187, 1100: 13, 1101: 16}
    assert sum(counts.values()) > 200_000
    with capsys.disabled():
        print(f"\nvalues compared by schema: {counts}, {sum(counts.values())} in all")  # noqa: T201


@pytest.mark.parametrize("schema_id", VERSIONS)
def test_every_field_of_every_version(real_alerts: Path, schema_id: int) -> None:
    """No packet of 8.0 is at hand, and none with every field: one made up has each once, with a value of its own."""
    paths = list(leaf_paths(resolved(schemas(real_alerts).schemas()[schema_id])))
    assert compared([full(real_alerts, schema_id)], real_alerts) >= len(set(paths))


@pytest.mark.parametrize("one", MAPPINGS, ids=lambda one: one.written)
def test_a_mapping_names_the_versions_that_write_it(real_alerts: Path, one: Any) -> None:
    known = {k: s for k, s in schemas(real_alerts).schemas().items() if k in VERSIONS}
    roots = {k: {*leaf_paths(resolved(s)), *(f["name"] for f in s["fields"])} for k, s in known.items()}
    writing = [f"{k // 100}.{k % 100}" for k, paths in roots.items() if one.written in paths]
    reading = [k for k, paths in roots.items() if one.read_as in paths]
    assert (writing[0], writing[-1]) == (one.first, one.last)
    assert 1101 in reading
    assert not {k for k in reading if one.written in roots[k]}


def test_processing_times_are_those_that_astropy_tells(real_alerts: Path) -> None:
    (row,) = read([full(real_alerts, 800)], real_alerts)
    written = decode(ConfluentFraming(schemas(real_alerts)).unwrap(full(real_alerts, 800)))
    for record, old, new in (
        ("diaSource", "time_processed", "timeProcessedMjdTai"),
        ("diaObject", "validityStart", "validityStartMjdTai"),
    ):
        # 37 s is the offset since 2017: earlier ones, as made up here, differ by the leap seconds since
        then = written[record][old] + dt.timedelta(days=20_000)
        told = Time(then.replace(tzinfo=None), scale="utc").tai.mjd
        assert row[record][new] + 20_000 == pytest.approx(told, abs=MICROSECOND_DAYS)


def test_residuals_of_schema_9_are_what_the_mapping_says(shared_data: Path) -> None:
    """The packets' own topocentric vectors tell the predicted place: Dec goes over, RA lacks the cosine that 10 has."""
    moving = [message for _, message in framed(shared_data) if id_of(message) == 900]
    rows = [row for row in read(moving, shared_data) if row["ssSource"]]
    assert len(rows) == 6
    gaps = []
    for row in rows:
        at, source = row["ssSource"], row["diaSource"]
        ra = math.degrees(math.atan2(at["topo_y"], at["topo_x"])) % 360.0
        dec = math.degrees(math.atan2(at["topo_z"], math.hypot(at["topo_x"], at["topo_y"])))
        float32_arcsec = 0.01
        assert at["ephOffsetDec"] == pytest.approx((source["dec"] - dec) * 3600.0, abs=float32_arcsec)
        assert at["residualRa"] * 3600.0 == pytest.approx((source["ra"] - ra) * 3600.0, abs=float32_arcsec)
        gaps.append(abs(at["residualRa"] - (source["ra"] - ra) * math.cos(math.radians(dec))) * 3600.0)
        assert at["ephOffsetRa"] is None
    assert max(gaps) > 0.03


def test_what_is_older_is_refused_in_one_sentence(real_alerts: Path) -> None:
    framing = ConfluentFraming(schemas(real_alerts), LSST.framing.oldest)  # type: ignore[attr-defined]
    older = [message for _, message in framed(real_alerts) if id_of(message) == 700]
    assert len(older) == 2
    for message in older:
        with pytest.raises(PacketError, match=r"^the packet is of schema 7\.0: 7\.1 is the oldest that is read here$"):
            framing.unwrap(message)


def test_a_wrong_schema_is_detected_where_the_packet_can_tell(shared_data: Path) -> None:
    source, tried = schemas(shared_data), Counter[tuple[int, int]]()
    for message, other in misnamed(shared_data):
        tried[id_of(message), other] += 1
        datum = ConfluentFraming(source).unwrap(message)
        with pytest.raises(PacketError):
            decode(datum._replace(schema=source.schemas()[other]))
    assert set(tried) == set(TELLING)
    assert (tried[900, 1000], tried[1000, 900]) == (6, 34)


def test_a_field_that_nobody_knows_is_noted_and_the_rest_is_read(real_alerts: Path) -> None:
    source = schemas(real_alerts)
    schema = dict(source.schemas()[1101])
    more = {"name": "novel", "type": ["null", "float"], "default": None}
    schema = {**schema, "fields": [*schema["fields"], more]}
    writer = Writers(LSST).of(json.dumps(schema))
    assert (writer.new_fields, dict(writer.retyped_fields), writer.refusal) == (("novel",), {}, "")
    message = full(real_alerts, 1101)
    reader = reader_of(writer, packet_schema(LSST, cutouts=True))
    found = reader.read(pa.array([message[5:] + b"\x00"], pa.binary()))
    assert not found.faults.any()
    assert found.columns.to_pylist() == read([message], real_alerts)
    assert fastavro.parse_schema(resolved(schema))


@pytest.mark.parametrize("schema_id", [703, 800, 900, 1101])
def test_a_decoded_packet_is_written_anew_with_every_value(real_alerts: Path, schema_id: int) -> None:
    """What v0.1.0 kept as columns, under the names of their versions, becomes a packet of today's."""
    message = full(real_alerts, schema_id)
    datum = ConfluentFraming(schemas(real_alerts)).unwrap(message)
    plain = fastavro.schemaless_reader(io.BytesIO(datum.body), fastavro.parse_schema(resolved(datum.schema)), None)
    columns = json.loads(json.dumps(plain, default=_plain))
    for name in LSST.cutout_roots:
        columns[name] = plain[name]
    rebuilder = Rebuilder(LSST)
    again = Writers(LSST).of(rebuilder.text)
    body = b"".join(rebuilder.write(columns))
    found = reader_of(again, packet_schema(LSST, cutouts=True)).read(pa.array([body], pa.binary()))
    assert not found.faults.any()
    assert found.columns.to_pylist() == read([message], real_alerts)


def _plain(value: Any) -> Any:
    return round(value.timestamp() * 1e6) if isinstance(value, dt.datetime) else None
