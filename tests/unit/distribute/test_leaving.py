"""Fields of a message that is written anew: chosen out of Arrow columns, through structs, lists and nulls."""

import datetime as dt

import pyarrow as pa

from fink_lib.distribute.leaving import chosen_fields, whole_alert
from fink_lib.surveys import get_survey

POINT = pa.struct([("magpsf", pa.float32()), ("jd", pa.float64())])
SILVER = pa.schema(
    [
        ("alert_id", pa.int64()),
        ("ingest_time", pa.timestamp("us", "UTC")),
        ("candidate", POINT),
        ("prv_candidates", pa.list_(POINT)),
        ("kept", pa.struct([("inside", pa.list_(pa.struct([("deep", POINT)])))])),
    ]
)
MOMENT = dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dt.UTC)
ROWS = [
    {
        "alert_id": 1,
        "ingest_time": MOMENT,
        "candidate": {"magpsf": 18.5, "jd": 1.0},
        "prv_candidates": [{"magpsf": 17.25, "jd": 2.0}, None, {"magpsf": None, "jd": 3.0}],
        "kept": {"inside": [{"deep": {"magpsf": 1.5, "jd": 4.0}}, {"deep": None}]},
    },
    {"alert_id": 2, "ingest_time": None, "candidate": None, "prv_candidates": None, "kept": None},
    {"alert_id": 3, "ingest_time": MOMENT, "candidate": {"magpsf": None, "jd": 5.0}, "prv_candidates": [],
     "kept": {"inside": None}},
]  # fmt: skip


def test_paths_go_through_structs_and_lists_and_stop_at_nulls() -> None:
    rows = pa.Table.from_pylist(ROWS, SILVER)
    paths = ["candidate.magpsf", "prv_candidates.magpsf", "kept.inside.deep.jd", "ingest_time"]
    fields = chosen_fields(SILVER, paths)
    assert [one.name for one in fields] == [path.replace(".", "_") for path in paths]
    for table in (rows, pa.concat_tables([rows.slice(0, 1), rows.slice(1)])):
        found = {one.name: one.values(table) for one in fields}
        assert {name: array.type for name, array in found.items()} == {one.name: one.kind for one in fields}
        assert {name: array.to_pylist() for name, array in found.items()} == {
            "candidate_magpsf": [18.5, None, None],
            "prv_candidates_magpsf": [[17.25, None, None], None, []],
            "kept_inside_deep_jd": [[4.0, None], None, None],
            "ingest_time": ["2026-01-02 03:04:05.678901", None, "2026-01-02 03:04:05.678901"],
        }
    assert [one.values(rows.slice(1)).to_pylist() for one in fields[1:3]] == [[None, []], [None, None]]


def test_a_whole_alert_leaves_under_the_names_of_finks_clients_with_cutouts_last() -> None:
    ztf = get_survey("ztf")
    fields = whole_alert(SILVER, ztf, cutouts=True)
    assert [one.name for one in fields] == [
        "brokerIngestTimestamp", "candidate", "prv_candidates", "kept", "cdsxmatch", *ztf.cutout_roots,
    ]  # fmt: skip
    assert whole_alert(SILVER, ztf, cutouts=False) == fields[: -len(ztf.cutout_roots)]
    rows = pa.Table.from_pylist(ROWS, SILVER)
    assert fields[4].values(rows).to_pylist() == [None] * 3
