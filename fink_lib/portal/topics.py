"""Why an alert is on the topics it is on, and not on the others: what each clause of each filter says of it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.accounts.asking import asking
from fink_lib.api.lake import Snapshot
from fink_lib.api.queries.alerts import KEY, NIGHT_KEY, of_silver, without_hidden
from fink_lib.api.sql import quoted
from fink_lib.filters.base import Filter
from fink_lib.filters.columns import as_array
from fink_lib.filters.evaluate import explain
from fink_lib.filters.registry import filters_of
from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.tables import gold_published
from fink_lib.served.access import sees_topic
from fink_lib.storage import LakePath

Row = dict[str, Any]


@dataclass(frozen=True)
class TopicFacts:
    """What a filter says of an alert.

    Attributes
    ----------
    name, version, description, topic
        The filter, as the code has it now, and its topic.
    sent
        Where the alert stands on the topic, and by which version it was sent there; None where it does not.
    against
        Clauses that do not hold, with what was raised if anything was.
    missing
        Columns that the filter reads and this lake has not.
    """

    name: str
    version: str
    description: str
    topic: str
    sent: Row | None
    against: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]


def topic_facts(
    snapshot: Snapshot, lake: LakePath, newest: pa.RecordBatch, restricted: frozenset[str]
) -> list[TopicFacts]:
    """Return what every filter says of one alert, those that sent it first; topics that are for few are left out.

    Parameters
    ----------
    snapshot, lake
        What is asked.
    newest
        The alert: one row with `KEY` and night.
    restricted
        Topics that are not for everybody.
    """
    survey, alert_id = snapshot.survey.name, newest[KEY][0].as_py()
    shown = [one for one in filters_of(survey) if sees_topic(asking().claims, one.topic, restricted)]
    there = snapshot.silver.schema if snapshot.silver else pa.schema([])
    places = {
        path: sql for one in shown for path in (*one.inputs, *one.optional) if (sql := _sql(snapshot, there, path))
    }
    table = of_silver(snapshot, newest, places)
    told = {name: as_array(table[name]) for name in table.column_names}
    sent = _sent(lake, survey, alert_id, newest[NIGHT_KEY][0].as_py())
    found = [_facts(one, told, table.num_rows, sent.pop(one.name, None)) for one in shown]
    return sorted(found, key=lambda one: (one.sent is None, len(one.against) + len(one.missing), one.name))


def _facts(chosen: Filter, values: Mapping[str, Any], rows: int, sent: Row | None) -> TopicFacts:
    missing = tuple(path for path in chosen.inputs if path not in values)
    told = {} if missing or not rows else explain(chosen, values, rows)
    against = tuple((name, one.errors.get(0, "")) for name, one in told.items() if not one.flags[0])
    return TopicFacts(chosen.name, chosen.version, chosen.description, chosen.topic, sent, against, missing)


def _sent(lake: LakePath, survey: str, alert_id: int, night: dt.date) -> dict[str, Row]:
    """Return where an alert stands on topics: filter → row of `published`, the last one."""
    path = gold_published(survey).path(lake)
    if not is_delta_table(path):
        return {}
    mine = dataset_of(delta_table(path)).to_table(
        filter=(pc.field("night") == night) & (pc.field("alert_id") == alert_id)
    )
    rows = sorted(mine.to_pylist(), key=lambda row: row["publish_time"])
    return {row["filter"]: row for row in rows}


def _sql(snapshot: Snapshot, silver: pa.Schema, path: str) -> str:
    """Return a declared input of a filter, as SQL over silver; empty where silver has no such column."""
    root, *parts = path.split(".")
    if root not in silver.names:
        return ""
    kind, sql = silver.field(root).type, without_hidden(snapshot, quoted(root))
    for part in parts:
        is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
        record = kind.value_type if is_list else kind
        if not pa.types.is_struct(record) or record.get_field_index(part) < 0:
            return ""
        sql = f"list_transform({sql}, lambda p: p.{quoted(part)})" if is_list else f"{sql}.{quoted(part)}"
        kind = pa.list_(record.field(part).type) if is_list else record.field(part).type
    return sql
