"""The second equation, row by row: every bronze row of a night is in exactly one place after enrich."""

from collections.abc import Iterator, Mapping
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.lake.pinned import Pinned
from fink_lib.lake.versions import Table
from fink_lib.nightly.reconcile.equation import NAMED_AT_MOST, Equation, Fault, Message, differences
from fink_lib.nightly.reconcile.messages import COLUMNS, Flags, Ints, Ordered, messages, named_row
from fink_lib.streams.spec import Stage

PLACES = ("silver", "rejected", "repeats", "quarantine")
EVERYWHERE = ("bronze", *PLACES)


def places(tables: Pinned, night: date) -> Iterator[tuple[str, pa.Table]]:
    """Yield the rows of the night, before and after enrich, by the place that they are in.

    Parameters
    ----------
    tables
        Tables of the survey, pinned.
    night
        Of the messages, in each of the tables.

    Returns
    -------
    Names of `EVERYWHERE` in their order, each with the `COLUMNS` of its rows; of the quarantine what enrich put
    there.
    """
    tonight = pc.field("night") == pa.scalar(night)
    enrich = pc.field("stage") == str(Stage.ENRICH)
    is_duplicate = pc.coalesce(pc.field("is_duplicate"), pc.scalar(False))
    yield "bronze", tables.rows(Table.BRONZE, COLUMNS, tonight)
    yield "silver", tables.rows(Table.SILVER, COLUMNS, tonight)
    yield "rejected", tables.rows(Table.REJECTED, COLUMNS, tonight & ~is_duplicate)
    yield "repeats", tables.rows(Table.REJECTED, COLUMNS, tonight & is_duplicate)
    yield "quarantine", tables.rows(Table.QUARANTINE, COLUMNS, tonight & enrich)


def enriched_equation(tables: Pinned, night: date) -> Equation:
    """Compute bronze = silver + rejected + repeats + quarantine, and name every row that breaks it.

    Parameters
    ----------
    tables
        Tables of the survey, pinned.
    night
        Of the messages.
    """
    parts = {name: messages(rows) for name, rows in places(tables, night)}
    rows = Ordered.of(pa.concat_tables(parts.values()))
    place = np.repeat(np.arange(len(EVERYWHERE)), [parts[name].num_rows for name in EVERYWHERE])
    counts = {name: rows.counted(place == number) for number, name in enumerate(EVERYWHERE)}
    after = sum((counts[name] for name in PLACES), np.zeros(len(rows.starts), dtype=np.int64))
    wrong: dict[Fault, Flags] = {
        Fault.NOT_ENRICHED: (counts["bronze"] > 0) & (after == 0),
        Fault.ENRICHED_TWICE: after > 1,
        Fault.NOT_FROM_BRONZE: counts["bronze"] == 0,
    }
    found = {fault: (int(test.sum()), _named(rows, counts, test)) for fault, test in wrong.items()}
    totals = {name: int(count.sum()) for name, count in counts.items()}
    return Equation("enriched", totals.pop("bronze"), totals, differences(found))


def _named(rows: Ordered, counts: Mapping[str, Ints], test: Flags) -> list[Message]:
    """Name the first of some messages, with the places that each is in, and how often."""
    found = []
    for message in np.flatnonzero(test)[:NAMED_AT_MOST].tolist():
        same = rows.rows.take(pa.array(rows.rows_of(message))).to_pylist()
        alert_id = next((row["alert_id"] for row in same if row["alert_id"] is not None), None)
        where = ", ".join(f"{name} {count[message]}" for name, count in counts.items() if count[message])
        found.append(named_row({**same[0], "alert_id": alert_id}, where))
    return found
