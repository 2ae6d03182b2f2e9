"""How large an alert of some nights is on a topic, by the bytes of a few of its packets."""

import datetime as dt

from fink_lib.api.lake import Snapshot
from fink_lib.api.sql import parquet
from fink_lib.transfer.request import Content

SAMPLE = 200  # packets
SCIENCE_BYTES = 1_000  # what the broker adds, about


def bytes_of_alert(snapshot: Snapshot, first: str, last: str, content: Content) -> float:
    """Return the mean size of an alert; 0 where no packet of these nights is there any more.

    Parameters
    ----------
    snapshot
        Whose packets.
    first, last
        Nights, both included.
    content
        How much of each leaves: of some columns alone at most all that is no cutout.
    """
    low, high = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    there = snapshot.bronze.files if snapshot.bronze else []
    files = [one.path for one in there if low <= one.partition["night"] <= high]
    if not files:
        return 0.0
    parts = "octet_length(head) + octet_length(tail)" if content is Content.FULL else "octet_length(head)"
    query = f"SELECT avg(size) AS mean FROM (SELECT {parts} AS size FROM {parquet(files[:3])} LIMIT {SAMPLE})"  # noqa: S608
    (row,) = snapshot.engine.table(query).to_pylist()
    return (row["mean"] or 0.0) + SCIENCE_BYTES
