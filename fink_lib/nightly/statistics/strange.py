"""Packets whose schema the broker does not know in full: they are kept and sent on, and somebody should look."""

from collections.abc import Mapping

import pyarrow.compute as pc

from fink_lib.files import JsonObject
from fink_lib.lake.small import read_rows
from fink_lib.lake.tables import bronze_schemas
from fink_lib.storage import LakePath

COLUMNS = ("schema_sha256", "schema_version", "new_fields", "retyped_fields")


def strange_schemas(lake: LakePath, alerts: Mapping[str, int]) -> list[JsonObject]:
    """Return the schemas of a night that have fields which are new, or of another type than the broker knows.

    Parameters
    ----------
    lake
        Where the schemas are kept.
    alerts
        Alerts of the night by the SHA-256 of their schema.
    """
    rows = read_rows(bronze_schemas(), lake, pc.field("schema_sha256").isin(list(alerts)), COLUMNS)
    found: dict[str, JsonObject] = {}
    for row in rows:
        if row["new_fields"] or row["retyped_fields"]:
            found[row["schema_sha256"]] = {
                "schema_sha256": row["schema_sha256"],
                "schema_version": row["schema_version"],
                "alerts": alerts[row["schema_sha256"]],
                "new_fields": list(row["new_fields"] or ()),
                "retyped_fields": dict(row["retyped_fields"] or ()),
            }
    return sorted(found.values(), key=lambda one: (-one["alerts"], one["schema_sha256"]))
