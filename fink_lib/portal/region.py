"""The newest alert of each object in a part of the sky: a MOC, or where an event of another messenger may be."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fink_lib.api.http.errors import Refused
from fink_lib.api.http.parameters import InTime, understood
from fink_lib.api.http.service import Service, window
from fink_lib.api.queries.alerts import Wanted
from fink_lib.api.sky import ARCSEC_PER_DEG, merged
from fink_lib.community.watch import read_region
from fink_lib.errors import ConfigError
from fink_lib.lake.tables import HPX_ORDER
from fink_lib.multimessenger.skymap import SkyMap, read_skymap
from fink_lib.multimessenger.standing import standing
from fink_lib.multimessenger.store import read_told, skymap_of
from fink_lib.portal.drawing import address
from fink_lib.portal.object_facts import listed
from fink_lib.portal.pages import PAGE_ROWS, Listing, as_list, paging_of
from fink_lib.portal.snapshots import snapshot_of
from fink_lib.storage import LakePath

Cells = npt.NDArray[np.int64]
MOST_CELLS = 20_000  # that a question names
LEVEL = 0.9
LONGEST_MOC = 6_000  # characters: it is part of an address
SEE_OTHER = 303


@dataclass(frozen=True)
class Part:
    """A part of the sky as cells of one order, and what it is called."""

    cells: Cells
    order: int
    title: str


def region(service: Service, request: Request) -> Response:
    """List the objects in a part of the sky, the newest alerts first.

    Parameters
    ----------
    service
        The lake.
    request
        With either `moc` or `event` in its query, and perhaps `level` (the probability that the part of an event's map
        holds), `survey`, `page` and a window of time.

    Raises
    ------
    Refused
        When it has neither or both, or one that cannot be read.
    """
    said = {name: value for name, value in request.query_params.items() if value}  # a form sends its empty fields too
    paging, moc, event = paging_of(said), said.pop("moc", ""), said.pop("event", "")
    level = _level(said.pop("level", str(LEVEL)))
    snapshot = snapshot_of(service, said.get("survey"))
    asked = understood(InTime, said)
    if bool(moc) == bool(event):
        raise Refused("Give a MOC (moc=8/1234 1240-1250) or an event (event=S230518h)", status=400)
    found = _of_moc(moc) if moc else _of_event(service.lake.settings.lake, event, level)
    if isinstance(found, str):
        return RedirectResponse(f"{found}&survey={snapshot.survey.name}", SEE_OTHER)
    shift, ranges = 2 * (HPX_ORDER - found.order), merged(found.cells, found.order)
    near = " OR ".join(f"hpx BETWEEN {first} AND {last}" for first, last in ranges)
    inside = f"(hpx >> {shift}) IN ({', '.join(map(str, found.cells))})"
    wanted = Wanted((near, inside, *window(snapshot, asked)), limit=PAGE_ROWS + 1, offset=paging.offset,
                    newest_of_object=True,
                    may_hold=lambda file: any(file.may_hold("hpx", *ends) for ends in ranges))  # fmt: skip
    rows = listed(snapshot, wanted)
    own = {
        "moc": moc,
        "event": event,
        "level": level if event else "",
        **{k: v for k, v in said.items() if k != "survey"},
    }
    return as_list(service, snapshot, rows, paging, Listing(found.title, "/region", own, None))


def cells_within(begins: Cells, ends: Cells, finest: int) -> tuple[Cells, int]:
    """Return the cells that cover ranges of order 29 (ends not included), of the finest order that is not too fine.

    Parameters
    ----------
    begins, ends
        The ranges, in any order, which may overlap; at least one.
    finest
        Order that is tried first.

    Raises
    ------
    Refused
        When more than `MOST_CELLS` cells of every order are needed.
    """
    at = np.argsort(begins, kind="stable")
    begins, ends = begins[at], ends[at]
    for order in range(min(finest, HPX_ORDER), -1, -1):
        shift = 2 * (HPX_ORDER - order)
        first, last = begins >> shift, np.maximum.accumulate(((ends - 1) >> shift) + 1)
        apart = np.flatnonzero(np.concatenate([[True], first[1:] > last[:-1]]))  # where a run of cells begins
        lows, highs = first[apart], last[np.concatenate([apart[1:] - 1, [len(last) - 1]])]
        if int((highs - lows).sum()) <= MOST_CELLS:
            return np.concatenate([np.arange(low, high) for low, high in zip(lows, highs, strict=True)]), order
    raise Refused("This part of the sky cannot be told in cells", status=400)


def cells_of_map(skymap: SkyMap, level: float) -> tuple[Cells, int]:
    """Return the densest pixels of a map that hold a probability, as cells of one order.

    Parameters
    ----------
    skymap
        Pixels of several orders, with probability and area.
    level
        Probability that they hold together, above 0 and below 1.
    """
    densest = np.argsort(-skymap.probability / skymap.area_sr, kind="stable")
    before = np.concatenate([[0.0], np.cumsum(skymap.probability[densest])[:-1]])
    chosen = densest[before < level]
    shift = 2 * (HPX_ORDER - skymap.order[chosen])
    begins = skymap.pixel[chosen] << shift
    return cells_within(begins, begins + (np.int64(1) << shift), int(skymap.order[chosen].max()))


def _of_moc(text: str) -> Part:
    if len(text) > LONGEST_MOC:
        raise Refused(f"This MOC has more than {LONGEST_MOC} characters: take a coarser one", status=413)
    try:
        found = read_region(text.encode("ascii", "replace"))
    except ConfigError as error:
        raise Refused(str(error)) from error
    return Part(*cells_within(found.begins, found.ends, found.order), "Objects within a MOC")


def _of_event(lake: LakePath, name: str, level: float) -> Part | str:
    """Return where an event may be, or the address of the circle that it is in."""
    stands = standing(one for one in read_told(lake) if one.event.event_id == name)
    where = stands[0].where if stands else None
    if where is None:
        raise Refused(f"No notice tells where an event “{name[:64]}” is", status=404)
    skymap, place = skymap_of(lake, where.notice_id), where.event.where
    if skymap:
        gone = ", which was retracted" if stands[0].retracted else ""
        title = f"Objects within {level:.0%} of the sky map of {name}{gone}"
        return Part(*cells_of_map(read_skymap(skymap), level), title)
    if place.ra_deg is None or place.dec_deg is None or place.semi_major_deg is None:
        raise Refused(f"The notices of “{name[:64]}” give neither a map nor a circle", status=404)
    circle = {"ra": place.ra_deg, "dec": place.dec_deg, "radius": place.semi_major_deg * ARCSEC_PER_DEG}
    return address(circle, "/cone")


def _level(text: str) -> float:
    try:
        level = float(text)
    except ValueError:
        level = 0.0
    if not 0.0 < level < 1.0:
        raise Refused(f"“{text[:20]}” is no probability between 0 and 1")
    return level
