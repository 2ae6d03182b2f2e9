"""Cumulative statistics: `gold__statistics` added up over nights; a view, which a night closed again changes at once.

Only what can be added is: alerts, flags, bands, classes, reasons, damages, messages by filter, seconds of science.
Objects, exposures and fields may come back in another night, and a latency or a share is no sum.
"""

import datetime as dt

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.lake.reading import Night, read
from fink_lib.nights import parse_night
from fink_lib.storage import LakePath

ADDED = ("count", "flag", "band", "silver_band", "rejected", "quarantine", "filter", "science_s")
ADDED_CLASSES = "class:"  # and what follows: one measure a column
NOT_ADDED = ("objects", "exposures", "fields")
GROUPS = ["measure", "name"]


def cumulative(survey: str, *, upto: Night | None = None, lake: LakePath | str | None = None) -> pa.Table:
    """Return the sums over all nights of a survey.

    Parameters
    ----------
    survey
        For example ``ztf``.
    upto
        Last night that counts; all nights when not given.
    lake
        Folder of the tables, ``FINK_HOME``'s when not given.

    Returns
    -------
    pyarrow.Table
        ``measure`` (``band``, ``class:vsx``, ``filter``, …), ``name``, ``nights`` that have it, and their ``total``.

    Raises
    ------
    LakeError, ConfigError
        When no night was closed yet; when `upto` is no date.
    """
    measure, name = pc.field("measure"), pc.field("name")
    chosen = (measure.isin(ADDED) | pc.starts_with(measure, ADDED_CLASSES)) & ~name.isin(NOT_ADDED)
    chosen &= pc.field("survey") == survey
    if upto is not None:
        last: dt.date = parse_night(upto) if isinstance(upto, str) else upto
        chosen &= pc.field("night") <= pa.scalar(last)
    rows = read("gold", None, "statistics", columns=[*GROUPS, "value"], where=chosen, lake=lake)
    sums = rows.group_by(GROUPS, use_threads=False).aggregate([("value", "count"), ("value", "sum")])
    named = sums.rename_columns({"value_count": "nights", "value_sum": "total"})
    return named.select([*GROUPS, "nights", "total"]).sort_by([(column, "ascending") for column in GROUPS])
