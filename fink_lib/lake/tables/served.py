"""The tables made for reading: what the HTTP API asks first, narrow and in an order that passes most of it over.

Their rows are those of silver that are public, as a closing left them. A partition is a run: some nights next to each
other, sorted as a whole. A cone or an object is looked for in each run, so that there are few.
"""

import pyarrow as pa

from fink_lib.lake.tables.alert_columns import ALERT_ID, DEC, IDENTITY_COLUMNS, NIGHT, OBJECT_ID, RA
from fink_lib.lake.tables.spec import TableSpec, column
from fink_lib.lake.tables.types import L, S

HPX_ORDER = 29
RUN = column("run", S, "First and last night of the run that the row was sorted in, joined by an underscore.")
HPX = column("hpx", L, f"HEALPix cell of the position (NESTED, order {HPX_ORDER}).")
CLASS = column("class", S, "Class of the alert; null where none was given.")
TIME = next(one for one in IDENTITY_COLUMNS if one.name == "time")
WRITTEN_BY = "the closing of a night (serve)"


def gold_sources(survey: str, measured: pa.Schema) -> TableSpec:
    """Every public alert of silver, narrow and flat, in the order of the sky.

    Parameters
    ----------
    survey
        Name of the survey.
    measured
        Packet fields and science columns that are kept, at root level.
    """
    identity = [one for one in IDENTITY_COLUMNS if one.name != NIGHT.name]
    return TableSpec(
        layer="gold",
        survey=survey,
        name="sources",
        schema=pa.schema([RUN, NIGHT, HPX, *identity, CLASS, *measured]),
        key=("alert_id",),
        comment="One row: a public alert of silver, with what is asked for most; sorted by hpx within a run.",
        written_by=WRITTEN_BY,
        partitioned_by=(RUN.name,),
        append_only=False,
        indexed_columns=9,
        clustered_by=("hpx",),
        looked_up_by=("object_id", "alert_id"),
    )


def gold_alert_ids(survey: str) -> TableSpec:
    """Where the alert of an id is found."""
    return TableSpec(
        layer="gold",
        survey=survey,
        name="alert_ids",
        schema=pa.schema([RUN, ALERT_ID, NIGHT, HPX, OBJECT_ID]),
        key=("alert_id",),
        comment="One row: a public alert, its night, its cell and its object; sorted by alert_id within a run.",
        written_by=WRITTEN_BY,
        partitioned_by=(RUN.name,),
        append_only=False,
        indexed_columns=3,
        clustered_by=("alert_id",),
        looked_up_by=("alert_id",),
    )


def gold_latest(survey: str) -> TableSpec:
    """Every public alert by its class, the newest first."""
    return TableSpec(
        layer="gold",
        survey=survey,
        name="latest",
        schema=pa.schema([RUN, CLASS, TIME, ALERT_ID, OBJECT_ID, NIGHT, HPX, RA, DEC]),
        key=("alert_id",),
        comment="One row: a public alert and its class; sorted by class, the newest first, within a run.",
        written_by=WRITTEN_BY,
        partitioned_by=(RUN.name,),
        append_only=False,
        indexed_columns=3,
        clustered_by=("class", "time"),
        looked_up_by=("alert_id",),
    )
