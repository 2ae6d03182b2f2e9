"""Each alert of a batch goes to exactly one place."""

import datetime as dt

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from fink_lib.enrich.duplicates import NO_ARRIVALS
from fink_lib.enrich.seen import SeenNights
from fink_lib.enrich.triage import TopicCodes, Triage, record, triage

NIGHT = dt.date(2021, 11, 22)
SCHEMA = pa.schema(
    {
        "night": pa.date32(),
        "alert_id": pa.int64(),
        "kafka_topic": pa.string(),
        "kafka_partition": pa.int32(),
        "kafka_offset": pa.int64(),
        "reasons": pa.list_(pa.string()),
        "impossible": pa.string(),
    }
)


def row(alert: int | None, offset: int, **changes: object) -> dict[str, object]:
    plain = {"night": NIGHT, "alert_id": alert, "kafka_topic": "t", "kafka_partition": 0, "kafka_offset": offset}
    return {**plain, "reasons": [], "impossible": None, **changes}


def sort_out(*rows: dict[str, object], seen: SeenNights | None = None) -> Triage:
    table = pa.Table.from_pylist(list(rows), schema=SCHEMA)
    return triage(table, seen or SeenNights(lambda _night: NO_ARRIVALS), TopicCodes())


def places(batch: Triage) -> list[str]:
    flags = zip(batch.quarantined, batch.repeated, batch.rejected, batch.accepted, strict=True)
    names = ("quarantine", "repeat", "rejected", "silver")
    return ["+".join(name for name, flag in zip(names, row_flags, strict=True) if flag) for row_flags in flags]


def test_one_of_each() -> None:
    batch = sort_out(
        row(1, 0),
        row(2, 1, reasons=["rb"]),
        row(1, 2),
        row(None, 3, impossible="no identity"),
        row(2, 4, reasons=["rb"]),
        row(4, 5, night=None, impossible="no night"),
    )
    assert places(batch) == ["silver", "rejected", "repeat", "quarantine", "repeat", "quarantine"]


def test_a_good_copy_of_an_alert_in_quarantine_is_no_repeat() -> None:
    assert places(sort_out(row(1, 0, impossible="no position"), row(1, 1))) == ["quarantine", "silver"]


def test_the_same_id_in_another_night_is_another_alert() -> None:
    assert places(sort_out(row(1, 0), row(1, 1, night=NIGHT + dt.timedelta(days=1)))) == ["silver", "silver"]


def test_what_is_recorded_makes_later_copies_repeats_but_not_itself() -> None:
    seen, codes = SeenNights(lambda _night: NO_ARRIVALS), TopicCodes()
    rows = [row(1, 0), row(2, 1, reasons=["rb"]), row(3, 2, impossible="no position")]
    first = triage(pa.Table.from_pylist(rows, schema=SCHEMA), seen, codes)
    record(first, seen, codes)
    again = triage(pa.Table.from_pylist(rows, schema=SCHEMA), seen, codes)
    assert places(again) == places(first) == ["silver", "rejected", "quarantine"]
    copies = triage(pa.Table.from_pylist([row(n, 10 + n) for n in (1, 2, 3)], schema=SCHEMA), seen, codes)
    assert places(copies) == ["repeat", "repeat", "silver"]


@given(
    st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.booleans()), max_size=20),
)
def test_the_flags_of_an_alert_add_up_to_one(facts: list[tuple[int, bool, bool]]) -> None:
    rows = [
        row(alert, offset, reasons=["rb"] if failed else [], impossible="why" if broken else None)
        for offset, (alert, failed, broken) in enumerate(facts)
    ]
    batch = sort_out(*rows)
    assert set(places(batch)) <= {"quarantine", "repeat", "rejected", "silver"}
    assert batch.table.num_rows == len(facts)
