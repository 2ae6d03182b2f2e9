"""Releases: what became of messages of the quarantine, and who decided it. Needs no JVM."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.small import append_rows
from fink_lib.lake.tables import KAFKA_KEY, releases
from fink_lib.storage import LakePath

KEY = [*KAFKA_KEY, "stage"]


class Action(StrEnum):
    """How a message left the quarantine."""

    REPLAYED = "replayed"
    DISCARDED = "discarded"


@dataclass(frozen=True)
class Release:
    """One message released: a row of ``bronze_<s>__releases``, column by column.

    Attributes
    ----------
    night, alert_id
        As far as they can be read, now.
    kafka_topic, kafka_partition, kafka_offset, stage
        The row of the quarantine.
    action
        Replayed: it counts as a row of bronze. Discarded: it stays counted as quarantined.
    who, why, release_time, code_version
        Who decided so, for what reason, when, and with which code.
    """

    night: dt.date | None
    alert_id: int | None
    kafka_topic: str
    kafka_partition: int
    kafka_offset: int
    stage: str
    action: str
    who: str
    why: str
    release_time: dt.datetime
    code_version: str


def read_releases(lake: LakePath, survey: str) -> pa.Table:
    """Return every release of a survey, which is given by name.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Name of the survey.

    Returns
    -------
    Rows of ``bronze_<s>__releases``, in no order; none where nothing was ever released.
    """
    spec = releases(survey)
    path = spec.path(lake)
    if not is_delta_table(path):
        return spec.plain_schema.empty_table()
    return dataset_of(delta_table(path)).to_table()


def record_releases(lake: LakePath, survey: str, rows: Sequence[Release]) -> None:
    """Note releases down, all in one commit; none is no commit.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Name of the survey.
    rows
        One a message; whether it was released before is not asked.
    """
    append_rows(releases(survey), lake, [asdict(row) for row in rows])


def replayed_in_enrich(lake: LakePath, survey: str) -> Counter[str]:
    """Count, by night (YYYY-MM-DD), the alerts that enrich let out of the quarantine: no other table tells of them.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Name of the survey.

    Returns
    -------
    Alerts whose night could not be read are counted under the text ``None``.
    """
    rows = read_releases(lake, survey).select(["night", "stage", "action"]).to_pylist()
    found = [row["night"] for row in rows if (row["stage"], row["action"]) == ("enrich", str(Action.REPLAYED))]
    return Counter(str(night) for night in found)


def without_replayed(rows: pa.Table, released: pa.Table) -> pa.Table:
    """Leave out the rows of a quarantine, all of one stage, that were replayed: they are counted in bronze.

    Parameters
    ----------
    rows
        Rows of the quarantine, with the columns of `KAFKA_KEY`.
    released
        Releases of the same stage, with those columns and ``action``.
    """
    replayed = released.filter(pc.equal(released["action"], str(Action.REPLAYED)))
    return without(rows, replayed, list(KAFKA_KEY))


def without(rows: pa.Table, others: pa.Table, key: Sequence[str]) -> pa.Table:
    """Leave out the rows whose key is among those of another table; the order is kept.

    Parameters
    ----------
    rows
        What is chosen from.
    others
        The rows whose keys go.
    key
        Columns that both have; nulls equal each other.
    """
    taken = set(zip(*(others[name].to_pylist() for name in key), strict=True))
    mine = zip(*(rows[name].to_pylist() for name in key), strict=True)
    return rows.filter(pa.array([one not in taken for one in mine], type=pa.bool_()))
