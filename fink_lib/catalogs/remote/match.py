"""Match positions with a remote catalogue, cell by cell, and say of each position what is known."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from fink_lib.catalogs.index import build_index
from fink_lib.catalogs.remote.cells import CellCache, cells_of, circle_around
from fink_lib.catalogs.remote.service import RADIUS_LIMIT_ARCSEC, CrossmatchService, RemoteCatalog, Rows
from fink_lib.errors import CatalogUnavailable, ConfigError

Floats = npt.NDArray[np.float64]
Objects = npt.NDArray[np.object_]

CELLS_PER_QUESTION = 200


class State(StrEnum):
    """What is known of a position."""

    MATCH = "match"
    NO_MATCH = "no match"
    UNAVAILABLE = "unavailable"  # the service did not answer, and had not answered before


@dataclass(frozen=True)
class Answer:
    """One entry a position.

    Attributes
    ----------
    state
        A `State`.
    label, separation_arcsec
        Of the nearest source; None and NaN where there is no match.
    columns
        Further columns of it, as texts.
    asked
        When the service gave the answer (UTC), None where it never did.
    problem
        Why some cells are unavailable; empty where all are there.
    """

    state: Objects
    label: Objects
    separation_arcsec: Floats
    columns: Mapping[str, Objects]
    asked: Objects
    problem: str


def match_remote(
    catalog: RemoteCatalog,
    ra_deg: Floats,
    dec_deg: Floats,
    *,
    service: CrossmatchService,
    cache: CellCache,
    now: dt.datetime,
) -> Answer:
    """Return the nearest source of each position.

    A service that fails leaves the positions of its cells unavailable, unless an older answer is kept: that one
    is used, and `Answer.asked` shows its age. Nothing is raised for an outage.

    Parameters
    ----------
    catalog
        Which, with its radius.
    ra_deg, dec_deg
        The positions; NaN has no match.
    service, cache
        Who is asked, and where answers are kept.
    now
        The time (UTC), by which kept answers are old.
    """
    cells = cells_of(ra_deg, dec_deg)
    held, problem = _gather(catalog, [int(cell) for cell in np.unique(cells[cells >= 0])], service, cache, now)
    rows = [row for cell in sorted(held) for row in held[cell][0]]
    places = [np.array([_number(row[name]) for row in rows], dtype=np.float64) for name in (catalog.ra, catalog.dec)]
    found, separation = build_index(*places).nearest(ra_deg, dec_deg, catalog.radius_arcsec)
    known = np.array([int(cell) in held for cell in cells], dtype=bool)
    found, separation = np.where(known, found, -1), np.where(known, separation, np.nan)
    state = np.where(found >= 0, State.MATCH, np.where(known | (cells < 0), State.NO_MATCH, State.UNAVAILABLE))
    return Answer(
        state=np.array([State(each) for each in state], dtype=object),
        label=_column(rows, catalog.label, found),
        separation_arcsec=separation,
        columns={name: _column(rows, name, found) for name in catalog.columns},
        asked=np.array([held[int(cell)][1] if int(cell) in held else None for cell in cells], dtype=object),
        problem=problem,
    )


def _gather(
    catalog: RemoteCatalog, cells: list[int], service: CrossmatchService, cache: CellCache, now: dt.datetime
) -> tuple[dict[int, tuple[Rows, dt.datetime]], str]:
    """Return the sources of each cell that is known, and why others are not."""
    held = {cell: entry for cell in cells if (entry := cache.read(catalog.name, cell)) is not None}
    waiting = [cell for cell in cells if cell not in held or not cache.is_fresh(held[cell][1], now)]
    for start in range(0, len(waiting), CELLS_PER_QUESTION):
        part = waiting[start : start + CELLS_PER_QUESTION]
        circles = {cell: circle_around(cell) for cell in part}
        radius = max(circle[2] for circle in circles.values()) + catalog.radius_arcsec
        if radius > RADIUS_LIMIT_ARCSEC:
            raise ConfigError(
                f"{catalog.name}: {radius:.0f} arcsec around a cell, the service takes 180: use smaller cells"
            )
        try:
            answer = service.around(catalog, {cell: circle[:2] for cell, circle in circles.items()}, radius)
        except CatalogUnavailable as outage:
            return held, str(outage)  # the rest would wait for the same outage
        for cell, rows in answer.items():
            cache.write(catalog.name, cell, rows, now)
            held[cell] = (rows, now)
    return held, ""


def _column(rows: Rows, name: str, found: npt.NDArray[np.int64]) -> Objects:
    values = np.array([*(row[name] for row in rows), None], dtype=object)
    return values[found]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
