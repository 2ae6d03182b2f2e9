"""The best alerts: chosen by rank, one an object; stamps and light curves drawn from real packets."""

import base64
import io
import math
import struct
import tarfile
import zlib
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from fink_lib.filters.registry import filters_of
from fink_lib.lake.tables import gold_published
from fink_lib.nightly.job import NightContext
from fink_lib.nightly.report.highlights.choose import choose, ranking_columns
from fink_lib.nightly.report.highlights.collect import best_of_night, labels, light_curve
from fink_lib.nightly.report.highlights.rows import night_files, read_columns, rows_of
from fink_lib.render.cutouts import NOTHING, read_stamp, stamp_png, stretch, to_png
from fink_lib.render.light_curve import BOTTOM, HEIGHT, TOP, Axis, light_curve_svg
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import get_survey
from fink_lib.surveys.inputs import inputs_of
from fink_lib.surveys.tables import bronze_spec
from fink_lib.testing.bytes import kept_bytes
from fink_lib.testing.nights import NIGHT

ZTF = get_survey("ztf")


@pytest.fixture(scope="module")
def packets(shared_data: Path) -> list[dict[str, Any]]:
    """Decode the first real packets of a night."""
    found: list[Any] = []
    with tarfile.open(shared_data / "ztf" / "ztf_public_20211122.tar.gz") as archive:
        for member in archive:
            body = archive.extractfile(member) if member.name.endswith(".avro") else None
            if body is not None:
                found += list(fastavro.reader(io.BytesIO(body.read())))
            if len(found) == 8:
                break
    return found


def decode_png(png: bytes) -> np.ndarray:  # type: ignore[type-arg]  # eight-bit grey
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, body = 8, b""
    while at < len(png):
        (size,), name = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        part = png[at + 8 : at + 8 + size]
        assert struct.unpack(">I", png[at + 8 + size : at + 12 + size])[0] == zlib.crc32(name + part)
        if name == b"IHDR":
            width, height = struct.unpack(">II", part[:8])
        body += part if name == b"IDAT" else b""
        at += 12 + size
    rows = np.frombuffer(zlib.decompress(body), np.uint8).reshape(height, width + 1)
    assert not rows[:, 0].any()
    return rows[:, 1:]


def test_a_real_stamp_becomes_a_picture_with_its_source_in_the_middle(packets: list[dict[str, Any]]) -> None:
    raw = packets[0]["cutoutScience"]["stampData"]
    image = read_stamp(raw)
    assert image.shape == (63, 63)
    grey = decode_png(stamp_png(raw) or b"")
    assert grey.shape == image.shape
    assert (grey == stretch(image)[::-1]).all()
    assert grey[29:34, 29:34].max() > np.percentile(grey, 95)
    assert stamp_png(raw) == stamp_png(raw)


def test_the_first_row_of_a_fits_image_is_the_last_of_the_picture() -> None:
    grey = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert decode_png(to_png(grey)).tolist() == [[3, 4, 5], [0, 1, 2]]


def test_pixels_without_a_value_are_transparent_and_flat_images_are_drawn() -> None:
    image = np.array([[np.nan, 1.0], [2.0, 3.0]])
    assert stretch(image)[0, 0] == NOTHING
    assert (stretch(np.full((3, 3), np.nan)) == NOTHING).all()
    assert (stretch(np.ones((3, 3))) == 0).all()


@pytest.mark.parametrize("raw", [None, b"", b"no fits", b"\x1f\x8bbroken", b"SIMPLE  =" + b" " * 71 + b"END     " * 10])
def test_a_stamp_that_cannot_be_read_is_left_out(raw: bytes | None) -> None:
    assert stamp_png(raw) is None


def table(rows: list[tuple[int, str | None, float | None, float | None, float]]) -> pa.Table:
    names = ("alert_id", "object_id", "candidate.drb", "candidate.rb", "candidate.magpsf")
    columns = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    nothing = pa.nulls(len(rows))
    rest = {name: nothing for name in ranking_columns(filters_of("ztf"), ZTF.report.scores) if name not in names}
    return pa.table({**columns, **rest})


def test_the_best_are_ranked_by_score_or_by_the_filters_own_ranking() -> None:
    silver = table(
        [
            (1, "a", None, 0.70, 17.0),
            (2, "b", 0.95, 0.60, 18.0),
            (3, "c", 0.95, 0.99, 16.0),
            (4, "a", 0.99, 0.60, 19.0),
            (5, None, 0.20, 0.60, 15.0),
            (6, None, 0.10, 0.60, 15.5),
        ]
    )
    names = ["variable_stars"] * 6 + ["bright_transients"] * 3
    sent = pa.table({"filter": names, "alert_id": [1, 2, 3, 4, 5, 6, 1, 2, 3]})
    found = choose(sent, silver, filters_of("ztf"), ZTF.report.scores, most=4)
    best = {name: [one.alert_id for one in found if one.filter == name] for name in dict.fromkeys(names)}
    assert best["variable_stars"] == [4, 2, 3, 5]  # object a once, by its better alert; ties by alert id
    assert best["bright_transients"] == [3, 1, 2]  # the brightest first
    assert [one.place for one in found if one.filter == "bright_transients"] == [1, 2, 3]


def test_rows_are_found_in_whichever_file_they_are(tmp_path: Path) -> None:
    place = {"kafka_topic": ["t"] * 3, "kafka_partition": [0] * 3, "night": [NIGHT] * 3}
    for first in (0, 10):
        ids = [first, first + 1, 99]
        rows = {"alert_id": ids, "kafka_offset": ids if first else [0, 1, 50], "more": [{"x": 1.5 * i} for i in ids]}
        write_deltalake(str(tmp_path), pa.table({**rows, **place}), mode="append", partition_by=["night"])
    files = night_files(tmp_path, NIGHT, version=None)
    assert len(files) == 2
    found = rows_of(files, [1, 11, 99, 12345], ["more", "not_there"])
    assert list(found) == [1, 11, 99]
    assert found[11]["more"] == {"x": 16.5}
    assert found[99]["kafka_offset"] == 50  # it arrived twice: the first counts
    flat = read_columns(files, ["alert_id", "more.x", "more.y", "gone.z"])
    assert sorted(flat["more.x"].to_pylist()) == [0.0, 1.5, 15.0, 16.5, 148.5, 148.5]
    assert flat["more.y"].null_count == flat["gone.z"].null_count == 6
    assert len(night_files(tmp_path, NIGHT, version=0)) == 1
    assert night_files(tmp_path / "no table", NIGHT, version=None) == []


def row_of(packet: dict[str, Any], **science: Any) -> dict[str, Any]:
    candidate = packet["candidate"]
    head = {"object_id": packet["objectId"], "ra": candidate["ra"], "dec": candidate["dec"], "time": candidate["jd"]}
    return {**packet, **head, "alert_id": packet["candid"], **science}


def test_a_real_light_curve_ends_with_its_own_alert(packets: list[dict[str, Any]]) -> None:
    for packet in packets:
        curve = light_curve(row_of(packet), inputs_of("ztf"), ZTF)
        points, kind = curve["points"], curve["kind"]
        signs = [point["isdiffpos"] for point in (packet["candidate"], *(packet["prv_candidates"] or ()))]
        assert kind == ("flux" if {"f", "0"} & set(signs) else "mag")
        assert len(points) == 1 + len(packet["prv_candidates"] or [])
        last = points[-1]
        assert last["days"] == 0
        size = last["mag"] if kind == "mag" else 31.4 - 2.5 * math.log10(abs(last["flux"]))
        assert size == pytest.approx(packet["candidate"]["magpsf"], abs=1e-5)
        svg = light_curve_svg(curve)
        seen = [point for point in points if point[kind] is not None]
        assert svg.count("<circle") == len(seen)
        assert svg.count('class="now"') == sum(point["days"] == 0 for point in seen)
        limits = [point for point in points if point[kind] is None and point[f"{kind}_limit"] is not None]
        assert svg.count("<path") == len(limits)


def heights_of(curve: dict[str, Any]) -> list[float]:
    """Return the height of each detection in the picture, in pixels from its top."""
    return [float(part.split('"')[0]) for part in light_curve_svg(curve).split(' cy="')[1:]]


def test_a_negative_difference_is_drawn_below_zero(packets: list[dict[str, Any]]) -> None:
    """A source of 18 mag below its reference is no brightening: it lies as far under zero as one above it does over."""
    packet = packets[0]
    now = {**packet["candidate"], "magpsf": 18.0, "sigmapsf": 0.1, "isdiffpos": "f"}
    row = dict.fromkeys(("magpsf", "sigmapsf", "isdiffpos")) | {"diffmaglim": 20.5}
    times = [now["jd"] - days for days in (3.0, 2.0, 1.0)]
    past = [{**now, "jd": times[0], "magpsf": 19.0}, {**now, "jd": times[1], "magpsf": 18.0, "isdiffpos": "t"}]
    past += [{**now, **row, "jd": times[2]}]
    curve = light_curve(row_of({**packet, "candidate": now, "prv_candidates": past}), inputs_of("ztf"), ZTF)
    assert curve["kind"] == "flux"
    njy = 10 ** (0.4 * (31.4 - 18.0))
    fluxes = [point["flux"] for point in curve["points"]]
    assert fluxes[2] is None
    assert [flux for flux in fluxes if flux is not None] == pytest.approx([-njy / 10**0.4, njy, -njy], rel=1e-6)
    assert curve["points"][2]["flux_limit"] == pytest.approx(10 ** (0.4 * (31.4 - 20.5)), rel=1e-6)
    fainter, above, below = heights_of(curve)
    assert above < fainter < below
    svg = light_curve_svg(curve)
    zero = float(svg.split('class="zero"')[0].rsplit('y1="', 1)[1].split('"')[0])
    assert above < zero < fainter
    assert zero == pytest.approx((above + below) / 2.0, abs=0.1)
    assert "difference flux, µJy" in svg


@pytest.mark.parametrize("flux", [-1458.2, 45_851.5])
def test_the_error_of_a_single_point_is_seen_whole(flux: float) -> None:
    point = {"days": 0.0, "band": "i", "flux": flux, "flux_err": 368.0 if flux < 10_000.0 else 3680.0}
    svg = light_curve_svg({"kind": "flux", "points": [point]})
    ends = [float(svg.split('stroke="#b8860b"')[0].rsplit(f'{name}="', 1)[1].split('"')[0]) for name in ("y1", "y2")]
    (middle,) = heights_of({"kind": "flux", "points": [point]})
    assert TOP < min(ends) < middle - 10.0
    assert middle + 10.0 < max(ends) < HEIGHT - BOTTOM
    labels = [part.split("</text>")[0].split(">")[1] for part in svg.split("<text ")[1:] if 'class="y"' in part]
    assert len(labels) >= 2
    assert max(map(len, labels)) <= 5  # more do not fit beside the axis


def test_an_error_larger_than_the_picture_ends_at_its_edges() -> None:
    errors = {-2.0: 1.0, -1.0: 1.0, 0.0: 500.0}
    points = [{"days": day, "band": "i", "flux": 10 * day, "flux_err": error} for day, error in errors.items()]
    svg = light_curve_svg({"kind": "flux", "points": points})
    assert f'y1="{HEIGHT - BOTTOM:.1f}" y2="{TOP:.1f}"' in svg


def test_magnitudes_grow_downwards_and_fluxes_upwards() -> None:
    def height(kind: str, value: float) -> float:
        points = [{"days": -1.0, "band": "r", kind: 20.0}, {"days": 0.0, "band": "r", kind: value}]
        svg = light_curve_svg({"kind": kind, "points": points})
        return float(svg.split('class="now"')[0].rsplit('cy="', 1)[1].split('"')[0])

    assert height("mag", 22.0) > height("mag", 18.0)
    assert height("flux", 22.0) < height("flux", 18.0)
    assert light_curve_svg({"kind": "mag", "points": [{"days": 0.0, "band": "g", "mag": None}]}) == ""


def test_ticks_are_round_and_inside() -> None:
    assert Axis(17.8, 20.3, 0, 100).ticks == [18, 19, 20]
    assert Axis(-29.3, 0.4, 0, 100).ticks == [-20, -10, 0]
    assert Axis(0.0011, 0.0049, 0, 100).ticks == [0.002, 0.003, 0.004]


def test_labels_are_those_that_say_something() -> None:
    row = {"vsx": "RRAB", "gcvs": "Unknown", "roid": 3}
    assert labels(row, "ztf") == {"vsx": "RRAB"}


def test_a_night_without_tables_has_no_best(context: NightContext) -> None:
    assert best_of_night(context, {}) == []


@pytest.fixture
def lake(context: NightContext, packets: list[dict[str, Any]]) -> NightContext:
    """Write real alerts into the three tables as the streams would: one filter sent five of them."""
    root, night = context.settings.lake, context.night
    place = {"night": night, "kafka_topic": "t", "kafka_partition": 0}
    rows = [row_of(packet, **place, kafka_offset=at, band="r", vsx="RRAB") for at, packet in enumerate(packets)]
    sent = [{**row, "filter": "variable_stars"} for row in rows[:5]]
    kept = [row | kept_bytes(packet, "ztf", root) for row, packet in zip(rows, packets, strict=True)]
    again = [*kept, {**kept[0], "kafka_offset": 99}]
    for spec, some in ((silver_spec(ZTF), rows), (bronze_spec(ZTF), again), (gold_published(ZTF.name), sent)):
        for part in (some[:3], some[3:]):
            table = pa.Table.from_pylist(part, schema=spec.plain_schema)
            write_deltalake(str(spec.path(root)), table, mode="append", partition_by=["night"])
    return context


def test_the_best_of_a_real_night_come_with_their_stamps(lake: NightContext, packets: list[dict[str, Any]]) -> None:
    (case,) = best_of_night(lake, {})
    assert case["filter"] == "variable_stars"
    by_id = {packet["candid"]: packet for packet in packets}
    scores = [packet["candidate"]["drb"] or packet["candidate"]["rb"] for packet in packets[:5]]
    assert [one["score"] for one in case["alerts"]] == pytest.approx(sorted(scores, reverse=True)[:3], abs=1e-5)
    for one in case["alerts"]:
        packet = by_id[one["alert_id"]]
        assert one["object_id"] == packet["objectId"]
        assert one["labels"] == {"vsx": "RRAB"}
        last = one["light_curve"]["points"][-1]
        size = last["mag"] if "mag" in last else 31.4 - 2.5 * math.log10(abs(last["flux"]))
        assert size == pytest.approx(packet["candidate"]["magpsf"], abs=1e-5)
        png = stamp_png(packet["cutoutDifference"]["stampData"]) or b""
        assert one["stamps"]["difference"] == "data:image/png;base64," + base64.b64encode(png).decode()


def test_a_past_night_has_the_same_best_after_compaction_and_vacuum(lake: NightContext) -> None:
    versions = {"bronze": 1, "silver": 1, "published": 1}
    before = best_of_night(lake, versions)
    for spec in (bronze_spec(ZTF), silver_spec(ZTF), gold_published(ZTF.name)):
        table = DeltaTable(str(spec.path(lake.settings.lake)))
        assert table.optimize.compact()["numFilesRemoved"] == 2
    assert best_of_night(lake, versions) == before
    for spec in (bronze_spec(ZTF), silver_spec(ZTF), gold_published(ZTF.name)):
        table = DeltaTable(str(spec.path(lake.settings.lake)))
        assert table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)
    assert best_of_night(lake, versions) == before
