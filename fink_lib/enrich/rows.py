"""Rows of rejected and of quarantine, shaped from the facts of a batch."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from fink_lib import __version__
from fink_lib.enrich.triage import Triage
from fink_lib.lake.tables.bronze import HEADERS
from fink_lib.lake.tables.silver import REPEAT
from fink_lib.surveys import Damage

TEXT, BYTES = pa.string(), pa.binary()
TIMESTAMP = pa.timestamp("us", tz="UTC")


def quarantine_rows(
    batch: Triage, stage: str, now: dt.datetime, damage: Damage = Damage.BAD_VALUE
) -> pa.Table:  # fmt: skip
    """Return the rows of alerts that cannot be used; their packets are in bronze, so no raw bytes are kept.

    Parameters
    ----------
    batch
        Sorted alerts; the rows are those that it flags ``quarantined``, each with ``impossible`` as its reason.
    stage
        Stage that sets them aside.
    now
        When they are set aside.
    damage
        Class of the error, the same for all.
    """
    rows = batch.rows(batch.quarantined)
    rows = rows.append_column("reason", rows["impossible"])
    return _with_constants(
        rows,
        stage=pa.scalar(str(stage), TEXT),
        error_class=pa.scalar(str(damage), TEXT),
        quarantine_time=pa.scalar(now, TIMESTAMP),
        raw_key=pa.scalar(None, BYTES),
        raw_headers=pa.scalar(None, HEADERS),
        raw=pa.scalar(None, BYTES),
    )


def unforeseen_rows(table: pa.Table, reasons: Sequence[str], stage: str, now: dt.datetime) -> pa.Table:
    """Return the rows of alerts that the code raised on, with what it raised.

    Parameters
    ----------
    table
        Facts of these alerts.
    reasons
        One for each.
    stage, now
        Where and when they are set aside.
    """
    at, none = table.schema.get_field_index("impossible"), np.zeros(table.num_rows, dtype=bool)
    rows = table.set_column(at, "impossible", pa.array(reasons, TEXT))
    return quarantine_rows(Triage(rows, ~none, none, none, none), stage, now, Damage.UNFORESEEN)


def rejected_rows(batch: Triage, now: dt.datetime) -> pa.Table:
    """Return the rows of alerts that failed a cut, with every reason, and of repeats.

    Parameters
    ----------
    batch
        Sorted alerts; the rows are those that it flags ``rejected`` or ``repeated``.
    now
        Time of the enrichment.
    """
    chosen = batch.rejected | batch.repeated
    rows, is_duplicate = batch.rows(chosen), batch.repeated[chosen]
    reasons = [[REPEAT] if again else why for again, why in zip(is_duplicate, rows["reasons"].to_pylist(), strict=True)]
    rows = rows.drop_columns("reasons").append_column("reasons", pa.array(reasons, type=pa.list_(TEXT)))
    rows = rows.append_column("is_duplicate", pa.array(is_duplicate))
    return _with_constants(rows, enrich_time=pa.scalar(now, TIMESTAMP))


def _with_constants(rows: pa.Table, **constants: Any) -> pa.Table:
    for name, value in {**constants, "code_version": pa.scalar(__version__, TEXT)}.items():
        rows = rows.append_column(name, pa.repeat(value, rows.num_rows))
    return rows
