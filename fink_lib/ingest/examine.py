"""What the code of today makes of one message."""

import datetime as dt
from dataclasses import dataclass

import pyarrow as pa

from fink_lib.ingest.judge import ERROR_CLASS, MESSAGE, REASON, Judge
from fink_lib.surveys import Survey


@dataclass(frozen=True)
class Examination:
    """What the code of today makes of one message.

    Attributes
    ----------
    alert_id, night
        As far as they can be read; the night as YYYY-MM-DD.
    error_class, reason
        The damage; None for a message that is fine.
    schema_version
        Of the writer schema, where one could be read.
    decodes
        Whether its datum fits its schema.
    """

    alert_id: int | None
    night: str | None
    error_class: str | None
    reason: str | None
    schema_version: str | None
    decodes: bool


def examine(message: bytes | None, survey: Survey, kafka_time: dt.datetime | None = None) -> Examination:
    """Judge one message as ingest would; nothing is written.

    Parameters
    ----------
    message
        Value of the message; None for one that has none.
    survey
        Whose message.
    kafka_time
        When Kafka stored it; None where that is not known.
    """
    one = {name: pa.nulls(1, pa.null()) for name in MESSAGE}
    one["value"] = pa.array([message], pa.binary())
    one["timestamp"] = pa.array([kafka_time], pa.timestamp("us", tz="UTC"))
    (row,) = next(Judge(survey, None).rows(pa.RecordBatch.from_pydict(one))).to_pylist()
    return Examination(
        row["alert_id"],
        None if row["night"] is None else row["night"].isoformat(),
        row[ERROR_CLASS],
        row[REASON],
        row["schema_version"],
        decodes=row["schema_sha256"] is not None and row["alert_id"] is not None,
    )
