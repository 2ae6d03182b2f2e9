"""Where a survey has public alerts, of a night or of all, as a MOC (2.0): in FITS, JSON or text."""

import datetime as dt
import io

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from fink_lib.api.http.errors import Refused
from fink_lib.api.http.service import Service
from fink_lib.api.lake import Snapshot
from fink_lib.api.queries.alerts import relation
from fink_lib.api.sql import literal
from fink_lib.lake.tables import HPX_ORDER
from fink_lib.vo.parameters import Parameters

USUAL_ORDER, FINEST_ORDER = 8, 12
MEDIA = {"fits": "application/fits", "json": "application/json", "ascii": "text/plain; charset=us-ascii"}


def moc(service: Service, request: Request) -> Response:
    """Answer with the cells in which alerts were seen.

    Parameters
    ----------
    service
        What is served.
    request
        With the survey in its path; FORMAT is fits, json or ascii, ORDER is 0 to 12, NIGHT is YYYY-MM-DD.

    Raises
    ------
    Refused
        When a parameter is wrong, or there is no such survey.
    """
    from mocpy import MOC  # noqa: PLC0415 - slow to import

    snapshot = service.lake.surveys[service.survey(request.path_params["survey"]).name].now()
    asked = Parameters(request.query_params.multi_items())
    form = asked.text("FORMAT", "fits").lower()
    if form not in MEDIA:
        raise Refused(f"there is no format '{form}'", parameter="format", value=form, fix=f"one of {', '.join(MEDIA)}")
    order = int(asked.number("ORDER", 0, FINEST_ORDER, USUAL_ORDER))
    cells = cells_of(snapshot, order, _night(asked.text("NIGHT")))
    found = MOC.from_healpix_cells(cells, np.full(len(cells), order, dtype=np.uint8), max_depth=order)
    if form == "fits":
        sink = io.BytesIO()
        found.serialize("fits").writeto(sink)
        return Response(sink.getvalue(), media_type=MEDIA[form])
    return Response(found.to_string("json" if form == "json" else "ascii"), media_type=MEDIA[form])


def cells_of(snapshot: Snapshot, order: int, night: dt.date | None) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Return the cells (NESTED) of an order that have public alerts, of a night or of all, shape (n,).

    Parameters
    ----------
    snapshot
        The versions of a survey's tables.
    order
        Order of HEALPix, at most that of the column ``hpx``.
    night
        None for all nights.
    """
    rows = relation(snapshot, () if night is None else (f"night = {literal(night)}",))
    if "SELECT NULL" in rows:
        return np.array([], dtype=np.uint64)
    query = f"SELECT DISTINCT hpx >> {2 * (HPX_ORDER - order)} AS cell FROM {rows} WHERE hpx IS NOT NULL ORDER BY cell"  # noqa: S608
    return np.asarray(snapshot.engine.table(query)["cell"].to_numpy(), dtype=np.uint64)


def _night(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Refused(f"night is '{text}'", parameter="night", value=text, fix="write YYYY-MM-DD") from error
