"""Why an object is on no topic: for each of its alerts in silver, the clauses that kept it off each filter's topic.

The filters are those of the code that runs, asked about what silver holds: an alert that an earlier version of a
filter judged may have been sent, or not, for another reason.
"""

import datetime as dt
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.errors import LakeError
from fink_lib.files import JsonObject
from fink_lib.filters.base import Filter
from fink_lib.filters.evaluate import explain
from fink_lib.filters.facts import columns_of
from fink_lib.filters.registry import inputs_of
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.sky_sorted import opened
from fink_lib.lake.versions import Table
from fink_lib.offline.alerts import at_path, batch_of
from fink_lib.offline.run import ALERT_ID
from fink_lib.storage import LakePath
from fink_lib.surveys import get_survey
from fink_lib.surveys.tables import night_specs


def why_not(
    lake: LakePath, survey: str, name: str, filters: Sequence[Filter], night: dt.date | None = None
) -> list[JsonObject]:
    """Return one row an alert of an object and filter: whether it is selected, and what kept it off.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Whose object.
    name
        Its name, as the survey gives it.
    filters
        Which filters are asked.
    night
        Only alerts of this night.

    Raises
    ------
    LakeError
        When silver has no alert of that name.
    """
    table = _alerts(lake, survey, name, night, filters)
    batch, size = batch_of(table), table.num_rows
    rows = list[JsonObject]()
    for chosen in filters:
        missing = [path for path in chosen.inputs if path not in batch]
        told = {} if missing else explain(chosen, batch, size)
        for row in range(size):
            kept_off = [f"not there: {', '.join(missing)}"] if missing else []
            for clause, answer in told.items():
                if not answer.flags[row]:
                    kept_off.append(f"{clause} ({answer.errors[row]})" if row in answer.errors else clause)
            head = {key: table[key][row].as_py() for key in ("night", ALERT_ID)}
            rows.append({**head, "filter": chosen.name, "selected": not kept_off, "kept_off_by": kept_off})
    return sorted(rows, key=lambda one: (str(one["night"]), one[ALERT_ID], str(one["filter"])))


def in_short(rows: Sequence[JsonObject]) -> Iterator[JsonObject]:
    """Yield one row a night and filter: alerts, those selected, and the clauses that most of the others failed."""
    groups: dict[tuple[str, str], list[JsonObject]] = {}
    for row in rows:
        groups.setdefault((str(row["night"]), str(row["filter"])), []).append(row)
    for (night, name), mine in groups.items():
        clauses, counts = np.unique([clause for row in mine for clause in row["kept_off_by"]], return_counts=True)
        order = np.lexsort((clauses, -counts))
        yield {
            "night": night,
            "filter": name,
            "alerts": len(mine),
            "selected": sum(bool(row["selected"]) for row in mine),
            "kept_off_by": "; ".join(f"{clauses[place]} ({counts[place]})" for place in order.tolist()),
        }


def _alerts(lake: LakePath, survey: str, name: str, night: dt.date | None, filters: Sequence[Filter]) -> pa.Table:
    """Return the alerts of an object with the columns that the filters read, as they see them in the stream."""
    adapter = get_survey(survey)
    table = opened(night_specs(adapter)[Table.SILVER], lake)
    if table is None:
        raise LakeError(f"{lake} has no alerts of {survey} yet")
    dataset = dataset_of(table)
    where = pc.field("object_id") == name
    if night is not None:
        where &= pc.field("night") == night
    paths, known = inputs_of(filters), columns_of(survey)
    roots = dict.fromkeys(("night", ALERT_ID, *(path.split(".")[0] for path in paths)))
    rows = dataset.to_table([root for root in roots if root in dataset.schema.names], filter=where).to_pylist()
    if not rows:
        raise LakeError(f"silver of {survey} has no alert of '{name}'{f' in the night {night}' if night else ''}")
    columns = {"night": pa.array([row["night"] for row in rows]), ALERT_ID: pa.array([row[ALERT_ID] for row in rows])}
    for path in paths:
        if path.split(".")[0] in dataset.schema.names:
            kind = known[path].type if path in known else None
            columns[path] = pa.array([at_path(row, path) for row in rows], kind)
    return pa.table(columns)
