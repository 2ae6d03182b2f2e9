"""Alerts that the stream set aside because its code raised on them: a reprocessing leaves them where they are.

The quarantine is not promoted; an alert that stood there and in silver would be in two places.
"""

import datetime as dt
from collections.abc import Mapping
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.lake.tables import KAFKA_KEY, places_of
from fink_lib.lake.versions import Table
from fink_lib.reprocess.live import Live
from fink_lib.streams.spec import Stage
from fink_lib.surveys import Damage

OF_ENRICH = pc.field("stage") == str(Stage.ENRICH)
Aside: TypeAlias = Mapping[tuple[str, int, int], str]
"""Place in Kafka → the reason."""


def aside_in(live: Live, night: dt.date) -> Aside:
    """Return the alerts of a night that enrich set aside for what nobody foresaw.

    Parameters
    ----------
    live
        The live tables, at the versions of the plan.
    night
        Of the alerts.

    Returns
    -------
    Place in Kafka → the reason that the stream noted.
    """
    unforeseen = OF_ENRICH & (pc.field("error_class") == str(Damage.UNFORESEEN))
    rows = live.rows(Table.QUARANTINE, (*KAFKA_KEY, "reason"), night, unforeseen)
    return dict(zip(places_of(rows), rows["reason"].to_pylist(), strict=True))


def without_aside(table: pa.Table, aside: Aside) -> pa.Table:
    """Leave them out.

    Parameters
    ----------
    table
        Rows with the columns of `KAFKA_KEY`.
    aside
        Those that are left out, as `aside_in` returns them.
    """
    return table.filter(pa.array([key not in aside for key in places_of(table)], pa.bool_())) if aside else table


def mark_aside(table: pa.Table, aside: Aside) -> pa.Table:
    """Say of them that they cannot be used, as `fink_lib.enrich.triage.facts` says of others.

    Parameters
    ----------
    table
        Facts of packets, with the columns of `KAFKA_KEY` and ``impossible``.
    aside
        Those that are marked, as `aside_in` returns them.
    """
    if not aside:
        return table
    at, reasons = table.schema.get_field_index("impossible"), table["impossible"].to_pylist()
    told = [aside.get(key, reason) for key, reason in zip(places_of(table), reasons, strict=True)]
    return table.set_column(at, "impossible", pa.array(told, pa.string()))
