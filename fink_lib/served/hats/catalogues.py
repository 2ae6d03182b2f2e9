"""The catalogues of a survey: its alerts, and its objects as the newest alert of each tells them."""

from pathlib import Path

import duckdb

from fink_lib.served.columns import HPX_NAME
from fink_lib.served.hats.writing import CELL, Catalogue, write
from fink_lib.served.opened import Opened

FOLDER = "hats"
NEWEST = "{time: time, alert: alert_id}"


def renew(connection: duckdb.DuckDBPyConnection, survey: str, sources: Opened, home: Path) -> list[Path]:
    """Write the catalogues of a survey out of a version of `sources`; return where they are.

    Parameters
    ----------
    connection
        What makes the rows; it may spill.
    survey
        Whose.
    sources
        The table, whose rows are public.
    home
        Home of the broker: the catalogues are in its folder `FOLDER`.
    """
    if not sources.files:
        return []
    listed = ", ".join("'" + str(file.path).replace("'", "''") + "'" for file in sources.files)
    rows = f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
    placed = f"FROM {rows} WHERE {HPX_NAME} IS NOT NULL"
    alerts = f"SELECT {HPX_NAME} AS {CELL}, * EXCLUDE ({HPX_NAME}) {placed}"
    newest = ", ".join(f"arg_max({name}, {NEWEST}) AS {name}" for name in ("ra", "dec", "band", "class"))
    objects = (
        f"SELECT arg_max({HPX_NAME}, {NEWEST}) AS {CELL}, object_id, {newest}, count(*) AS n_alerts, "  # ours
        f"min(time) AS first_time, max(time) AS last_time, arg_max(alert_id, {NEWEST}) AS last_alert_id {placed} "
        "AND object_id IS NOT NULL GROUP BY object_id"
    )
    root = home / FOLDER
    return [
        write(connection, Catalogue(f"{survey}_sources", "source", alerts, sources.version), root),
        write(connection, Catalogue(f"{survey}_objects", "object", objects, sources.version), root),
    ]
