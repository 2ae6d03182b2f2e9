"""A reprocessing keeps who came first and when each alert was enriched."""

import datetime as dt

import pyarrow as pa

from fink_lib.enrich.rows import TIMESTAMP
from fink_lib.reprocess.records import (
    KEYS,
    Record,
    codes_of,
    enrich_times,
    join_records,
    on_record,
    settle_first_arrivals,
)

T0 = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def arrivals(*rows: tuple[int, str, int, int]) -> pa.Table:
    kinds = (pa.int64(), pa.string(), pa.int32(), pa.int64())
    columns = list(zip(*rows, strict=True)) or [()] * 4
    return pa.table({name: pa.array(values, kind) for name, values, kind in zip(KEYS, columns, kinds, strict=True)})


def first(record: pa.Table, usable: pa.Table) -> dict[int, tuple[int, int, int]]:
    codes = codes_of(record, usable)
    found = settle_first_arrivals(Record(record, record), usable, codes)
    return {int(a): (int(t), int(p), int(o)) for a, t, p, o in zip(
        found.alert_id, found.topic, found.partition, found.offset, strict=True)}  # fmt: skip


def test_what_the_stream_decided_stands_and_the_rest_goes_by_position() -> None:
    usable = arrivals((1, "a", 0, 5), (1, "a", 0, 9), (2, "b", 0, 0), (2, "a", 1, 7), (3, "a", 0, 1))
    record = arrivals((1, "a", 0, 9))
    expected = {1: (0, 0, 9), 2: (0, 1, 7), 3: (0, 0, 1)}
    assert first(record, usable) == expected
    turned = usable.take(pa.array([4, 2, 0, 3, 1]))
    assert first(record, turned) == expected, "the order of reading must not matter"


def test_rows_keep_their_time_and_new_ones_take_that_of_their_ingest() -> None:
    times = [T0 + dt.timedelta(seconds=second) for second in range(10)]
    silver = arrivals((1, "a", 0, 5), (2, "b", 1, 5)).append_column("enrich_time", pa.array(times[:2], TIMESTAMP))
    rejected = arrivals((3, "a", 1, 5), (3, "a", 1, 6)).append_column("enrich_time", pa.array(times[2:4], TIMESTAMP))
    record = join_records(silver, rejected.append_column("is_duplicate", pa.array([False, True])))
    assert sorted(record.first["alert_id"].to_pylist()) == [1, 2, 3]
    rows = arrivals((3, "a", 1, 6), (9, "a", 0, 6), (2, "b", 1, 5), (1, "a", 0, 5))
    rows = rows.append_column("ingest_time", pa.array(times[5:9], TIMESTAMP))
    assert enrich_times(rows, record.enriched).to_pylist() == [times[3], times[6], times[1], times[0]]
    assert on_record(rows, record.enriched).tolist() == [True, False, True, True]
    nothing = record.enriched.slice(0, 0)
    assert enrich_times(rows, nothing).to_pylist() == times[5:9]
    assert on_record(rows, nothing).tolist() == [False] * 4
