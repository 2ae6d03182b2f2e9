"""The newest public alert of an object, out of silver: of the night that the table of objects names, or a later one."""

import datetime as dt
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.distribute.alerts import FILE, ROW, Silver, paths_in, public_ones
from fink_lib.distribute.match import HEAD
from fink_lib.errors import LakeError
from fink_lib.lake.delta import delta_table, is_delta_table, place_of
from fink_lib.lake.parquet import parquet_file
from fink_lib.lake.reading import read
from fink_lib.lake.small import partitions
from fink_lib.science.framework.silver import silver_spec
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey

MOST_NIGHTS = 30  # that are looked through for an object that no closed night has


def newest_alert(lake: LakePath, survey: Survey, silver: Silver, object_id: str) -> pa.Table | None:
    """Return where the newest public alert of an object stands, with its columns of `HEAD`; None where it has none.

    Parameters
    ----------
    lake, survey, silver
        Whose alerts, and how they are read.
    object_id
        Which object.
    """
    path = silver_spec(survey).path(lake)
    if not is_delta_table(path):
        return None
    table = delta_table(path)
    for night in _nights(lake, survey, object_id):
        files = [uri for uri in table.file_uris([("night", "=", night)]) if _has(place_of(table, uri), object_id)]
        if not files:
            continue
        rows = silver.heads(files, [*HEAD, "time", *paths_in(survey.public)])
        found = public_ones(rows.filter(pc.field("object_id") == object_id), survey.public)
        if found.num_rows:
            newest = found.sort_by([("time", "descending"), ("alert_id", "descending")]).slice(0, 1)
            return newest.select([*HEAD, FILE, ROW])
    return None


def _nights(lake: LakePath, survey: Survey, object_id: str) -> Iterator[str]:
    """Yield the nights that may hold it, the newest first."""
    there = sorted({part["night"] for part in partitions(silver_spec(survey), lake)}, reverse=True)
    last = _last_closed(lake, survey, object_id)
    if last is None:
        yield from there[:MOST_NIGHTS]
        return
    yield from (night for night in there if night >= last.isoformat())


def _last_closed(lake: LakePath, survey: Survey, object_id: str) -> dt.date | None:
    try:
        rows = read("gold", survey.name, "objects", where=pc.field("object_id") == object_id, columns=["last_night"],
                    lake=lake)  # fmt: skip
    except LakeError:
        return None
    found: dt.date | None = rows["last_night"][0].as_py() if rows.num_rows else None
    return found


def _has(file: LakePath, object_id: str) -> bool:
    with parquet_file(file) as found:
        return bool(pc.index(found.read(columns=["object_id"])["object_id"], object_id).as_py() >= 0)
