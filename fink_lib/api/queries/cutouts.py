"""Cutouts out of the packets that bronze keeps."""

from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.api.lake import Snapshot
from fink_lib.api.sql import literal, parquet
from fink_lib.errors import LakeError
from fink_lib.lake.tables.alert_columns import KAFKA_KEY
from fink_lib.lake.writer_schemas import WriterSchemas
from fink_lib.packets.reading import PacketReader
from fink_lib.served.opened import Opened
from fink_lib.storage import LakePath
from fink_lib.surveys.tables import packet_schema

Image = npt.NDArray[np.float64]


class Kind(StrEnum):
    """Which cutout."""

    SCIENCE = "Science"
    TEMPLATE = "Template"
    DIFFERENCE = "Difference"


def night_of_alert(snapshot: Snapshot, alert_id: int) -> str | None:
    """Return the night of a public alert, as YYYY-MM-DD; None where there is no such alert.

    Parameters
    ----------
    snapshot
        Tables as whoever asks may see them.
    alert_id
        Id of the alert.
    """
    found = []
    if snapshot.live:
        found = snapshot.engine.table(
            f"SELECT night FROM {snapshot.live} WHERE alert_id = {literal(alert_id)}"  # noqa: S608
        )["night"].to_pylist()
    if not found and snapshot.alert_ids:
        files = [file.path for file in snapshot.alert_ids.files if file.may_hold("alert_id", alert_id, alert_id)]
        if files:
            query = f"SELECT night FROM {parquet(files)} WHERE alert_id = {literal(alert_id)}"  # noqa: S608
            found = snapshot.engine.table(query)["night"].to_pylist()
    return found[0].isoformat() if found else None


def kept_packet(snapshot: Snapshot, alert_id: int) -> pa.Table | None:
    """Return the packet of a public alert as bronze keeps it: a row of ``schema_sha256``, ``head``, ``tail``.

    Parameters
    ----------
    snapshot
        Tables as whoever asks may see them.
    alert_id
        Id of the alert.

    Returns
    -------
    pyarrow.Table
        None where there is no such alert.

    Raises
    ------
    LakeError
        When the packet is not in bronze, where it must be.
    """
    night = night_of_alert(snapshot, alert_id)
    if night is None:
        return None
    bronze, silver = (_holding(table, night, alert_id) for table in (snapshot.bronze, snapshot.silver))
    rows = pa.table({})
    if bronze and silver:
        # Bronze may hold other messages of this id, also ones that whoever asks may not see: the place names the one.
        place, is_it = ", ".join(KAFKA_KEY), f"alert_id = {literal(alert_id)}"
        rows = snapshot.engine.table(
            f"SELECT schema_sha256, head, tail FROM {parquet(bronze)} "  # noqa: S608 - names of ours and a number
            f"WHERE {is_it} AND ({place}) IN (SELECT ({place}) FROM {parquet(silver)} WHERE {is_it})"
        )
    if not rows.num_rows:
        raise LakeError(f"the packet of alert {alert_id} is not in bronze of {snapshot.survey.name}, night {night}")
    return rows.slice(0, 1)


def _holding(table: Opened | None, night: str, alert_id: int) -> list[LakePath]:
    """Return the files of a night that may hold an alert."""
    return [
        file.path
        for file in (table.files if table else ())
        if str(file.partition["night"]) == night and file.may_hold("alert_id", alert_id, alert_id)
    ]


def cutouts(snapshot: Snapshot, writers: WriterSchemas, alert_id: int) -> dict[Kind, bytes | None] | None:
    """Return the cutouts of a public alert as the packet has them: FITS, gzipped where the survey does so.

    Parameters
    ----------
    snapshot
        What is asked.
    writers
        The schemas that packets were written with.
    alert_id
        Which alert.

    Returns
    -------
    dict
        Kind → bytes, None where the packet has none; None where there is no such alert.

    Raises
    ------
    LakeError
        When the packet is not in bronze, where it must be.
    """
    kept = kept_packet(snapshot, alert_id)
    if kept is None:
        return None
    survey = snapshot.survey
    roots = set(survey.cutout_roots)
    shape = pa.schema([one for one in packet_schema(survey, cutouts=True) if one.name in roots])
    reader = PacketReader(survey, shape, writers.text)
    one = kept.combine_chunks()
    parts = (
        one[name].combine_chunks() if isinstance(one[name], pa.ChunkedArray) else one[name]
        for name in ("schema_sha256", "head", "tail")
    )
    packet = reader.read(*parts)
    (record,) = packet.to_pylist()
    return dict(zip(Kind, (_at(record, path) for path in survey.fields.cutouts), strict=True))


def _at(record: dict[str, object], path: str) -> bytes | None:
    node: object = record
    for part in path.split("."):
        node = node.get(part) if isinstance(node, dict) else None
    return node if isinstance(node, bytes) else None
