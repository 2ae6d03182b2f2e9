"""Alerts near a place, or near each place of a list."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from fink_lib.api.lake import Snapshot
from fink_lib.api.queries.alerts import Wanted, relation
from fink_lib.api.sky import ARCSEC_PER_DEG, cone_ranges, merged, separation_deg
from fink_lib.api.sql import all_of, quoted
from fink_lib.catalogs.cells import covering_cells, match_order
from fink_lib.lake.tables import HPX_ORDER
from fink_lib.served.opened import File

SEPARATION = "v:separation_degree"
SEPARATION_ARCSEC = "v:separation_arcsec"
UPLOADED = "uploaded"


@dataclass(frozen=True)
class Cone:
    """A circle on the sky, ICRS.

    Attributes
    ----------
    ra_deg, dec_deg, radius_deg
        Centre and radius.
    """

    ra_deg: float
    dec_deg: float
    radius_deg: float


def cone(around: Cone, where: Sequence[str], columns: Sequence[str], limit: int | None, offset: int = 0) -> Wanted:
    """Return the newest alert of each object within a circle, the nearest first, as a question.

    Parameters
    ----------
    around
        The circle.
    where
        Further conditions on alerts, a window of time say: the newest is that of those that fulfil them.
    columns, limit, offset
        As in `Wanted`.
    """
    ranges = cone_ranges(around.ra_deg, around.dec_deg, around.radius_deg)
    distance = separation_deg("ra", "dec", repr(around.ra_deg) + "::DOUBLE", repr(around.dec_deg) + "::DOUBLE")
    near = " OR ".join(f"hpx BETWEEN {first} AND {last}" for first, last in ranges)
    return Wanted(
        where=(near, f"{distance} <= {around.radius_deg!r}::DOUBLE", *where),
        columns=tuple(columns),
        order=f"{quoted(SEPARATION)}, alert_id",
        limit=limit,
        offset=offset,
        extra={SEPARATION: distance},
        newest_of_object=True,
        may_hold=lambda file: any(file.may_hold("hpx", *ends) for ends in ranges),
    )


def crossmatch(
    snapshot: Snapshot, places: pa.Table, radius_arcsec: float, columns: Sequence[str], where: Sequence[str] = ()
) -> pa.Table:
    """Return, for each place of a list, the newest alert of each object within a radius.

    Parameters
    ----------
    snapshot
        What is asked.
    places
        The list: ``row`` (place in it), ``ra``, ``dec`` in degrees.
    radius_arcsec
        Radius.
    columns, where
        As in `Wanted`; columns of silver cannot be had here.

    Returns
    -------
    pyarrow.Table
        ``row``, ``v:separation_arcsec`` and the columns, by row and separation.
    """
    names = snapshot.names.chosen(columns)
    chosen = {name: snapshot.names.places[name].sql for name in names if not snapshot.names.places[name].wide}
    ra, dec = (places[name].to_numpy().astype(np.float64) for name in ("ra", "dec"))
    order = match_order(radius_arcsec)
    owner, cell = covering_cells(ra, dec, radius_arcsec, order)
    pairs = pa.table({"row": places["row"].take(pa.array(owner)), "cell": cell, "ra0": ra[owner], "dec0": dec[owner]})
    ranges = merged(np.asarray(cell, dtype=np.int64), order) if len(cell) else []

    def may_hold(file: File) -> bool:
        return any(file.may_hold("hpx", *ends) for ends in ranges)

    near = " OR ".join(f"hpx BETWEEN {first} AND {last}" for first, last in ranges) or "false"
    rows = relation(snapshot, (near, *where), may_hold)
    distance = separation_deg("ra", "dec", "ra0", "dec0")
    listed = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in chosen.items())
    if "SELECT NULL" in rows:
        return pa.table({"row": pa.array([], places["row"].type), SEPARATION_ARCSEC: pa.array([], pa.float64())})
    query = f"""
        SELECT "row", sep * {ARCSEC_PER_DEG} AS {quoted(SEPARATION_ARCSEC)}, {listed}
        FROM (SELECT s.*, p."row", {distance} AS sep FROM {rows} s
              JOIN {UPLOADED} p ON (s.hpx >> {2 * (HPX_ORDER - order)}) = p.cell)
        WHERE {all_of([f"sep <= {radius_arcsec / ARCSEC_PER_DEG!r}::DOUBLE"])}
        QUALIFY row_number() OVER (PARTITION BY "row", coalesce(object_id, alert_id::VARCHAR)
                                   ORDER BY time DESC, alert_id DESC) = 1
        ORDER BY "row", sep, alert_id"""  # noqa: S608  # every part is ours, or a number
    return snapshot.engine.table(query, **{UPLOADED: pairs})
