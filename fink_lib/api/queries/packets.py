"""The packet of an alert, out of bronze, without points that whoever asks may not see."""

import io
import json
from typing import Any

import fastavro

from fink_lib.api.lake import Snapshot
from fink_lib.api.queries.cutouts import kept_packet
from fink_lib.avro.schema import resolved
from fink_lib.lake.writer_schemas import WriterSchemas


def packet(snapshot: Snapshot, writers: WriterSchemas, alert_id: int) -> bytes | None:
    """Return the packet of an alert as an Avro file with the schema it was written with; None where there is none.

    Parameters
    ----------
    snapshot
        What is asked.
    writers
        The schemas that packets were written with.
    alert_id
        Which alert.
    """
    kept, survey = kept_packet(snapshot, alert_id), snapshot.survey
    if kept is None:
        return None
    (row,) = kept.to_pylist()
    schema: Any = fastavro.parse_schema(resolved(json.loads(writers.text(row["schema_sha256"]))))
    datum = (row["head"] or b"") + (row["tail"] or b"")
    record: Any = fastavro.schemaless_reader(io.BytesIO(datum), schema, None)
    for root in survey.points_withheld:
        if record.get(root) is not None:
            seen = snapshot.access.points
            record[root] = [one for one in record[root] if one is not None and one.get(survey.points_programme) in seen]
    out = io.BytesIO()
    fastavro.writer(out, schema, [record], codec="deflate", sync_marker=alert_id.to_bytes(16, "big", signed=True))
    return out.getvalue()
