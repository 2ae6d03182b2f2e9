"""What stays of a live row when some modules run again: read for the alerts at hand, and put beside what is new."""

import pyarrow as pa
from alert_lake import NIGHT, SPECS, Row, silver_row, write

from fink_lib.config import Settings
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.lake.tables.types import TEXT_MAP
from fink_lib.reprocess.partial import Kept, kept_of
from fink_lib.surveys import ZTF

TOLD = {"quality": "2.0"}


def kept(settings: Settings, packets: list[Row]) -> Kept:
    errors = {"crossmatch_vsx": "not applicable", "quality": "failed: once"}
    rows = [silver_row(packet, number, science_errors=errors) for number, packet in enumerate(packets[:20])]
    path = write(SPECS["silver"], settings.lake, rows)
    return kept_of(ZTF, path, 1, ("quality",), TOLD)


def alerts(packets: list[Row], numbers: range) -> pa.Table:
    rows = [silver_row(packets[number], number) for number in numbers]
    schema = pa.schema([SPECS["silver"].plain_schema.field(name) for name in ("night", *KAFKA_KEY)])
    return pa.Table.from_pylist([{name: row[name] for name in schema.names} for row in rows], schema=schema)


def test_no_more_is_read_than_the_rows_of_the_alerts(settings: Settings, packets: list[Row]) -> None:
    mine = kept(settings, packets)
    found = mine.of(alerts(packets, range(4, 7)))
    places = sorted(zip(found["kafka_partition"].to_pylist(), found["kafka_offset"].to_pylist(), strict=True))
    assert places == [(0, 2), (0, 3), (1, 2)]
    assert mine.of(alerts(packets, range(30, 33))).num_rows == 0
    assert "quality_flaws" not in mine.outputs
    assert {"roid", "vsx", "vsx_sep_arcsec"} <= set(mine.outputs)


def test_what_a_module_says_replaces_its_own_and_nothing_else(settings: Settings, packets: list[Row]) -> None:
    mine, asked = kept(settings, packets), alerts(packets, range(3, 6))
    schema = SPECS["silver"].plain_schema
    new = {
        "quality_flaws": pa.array(["a", "b", None]),
        "science_errors": pa.array([[], [("quality", "failed: now"), ("crossmatch_vsx", "again")], None], TEXT_MAP),
        "science_versions": pa.array([list(TOLD.items())] * 3, TEXT_MAP),
    }
    rows = pa.RecordBatch.from_arrays([*(asked[name].combine_chunks() for name in asked.schema.names), *new.values()],
                                      names=[*asked.schema.names, *new])  # fmt: skip
    names = [*rows.schema.names, *mine.outputs, "science_digest"]
    found = mine.beside(rows, mine.of(asked), pa.schema([schema.field(name) for name in names])).to_pylist()
    assert found[0]["night"] == NIGHT
    assert [row["vsx"] for row in found] == ["EW", "Unknown", "Unknown"]
    assert [row["roid"] for row in found] == [3, 0, 1]
    assert [row["quality_flaws"] for row in found] == ["a", "b", None]
    assert [dict(row["science_errors"]) for row in found] == [
        {"crossmatch_vsx": "not applicable"},
        {"crossmatch_vsx": "again", "quality": "failed: now"},
        {"crossmatch_vsx": "not applicable"},
    ]
    assert dict(found[0]["science_versions"]) == {"solar_system": "1.0", "catalog.vsx": "a", "quality": "2.0"}
    assert {row["science_digest"] for row in found} == {None}
