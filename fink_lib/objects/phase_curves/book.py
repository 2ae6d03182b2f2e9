"""The phase curves of all moving objects, as rows of their table."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from fink_lib import __version__
from fink_lib.lake.small import replace_rows
from fink_lib.lake.tables.phase_curves import gold_phase_curves
from fink_lib.objects.phase_curves.fit import LEAST_POINTS, Fit, Model, Points, fit
from fink_lib.objects.phase_curves.orbit import Orbit, seen_from_earth
from fink_lib.objects.phase_curves.points import as_arrays, read_points
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey

PARAMETERS = {"h_mag": "H", "g": "G", "g1": "G1", "g2": "G2"}
SPIN = {"oblateness": "R", "pole_ra": "alpha0_deg", "pole_dec": "delta0_deg"}
FEW, NO_ORBIT = "too few points", "no orbit"


def rebuild(lake: LakePath, surveys: Iterable[Survey]) -> Counter[str]:
    """Fit every moving object anew and replace the table; return how many objects were fitted by each model.

    Objects with fewer points than any model wants, and those of which no packet brought an orbit, are counted too.

    Parameters
    ----------
    lake
        Root folder of the tables.
    surveys
        Whose alerts.
    """
    counted: Counter[str] = Counter()
    rows: dict[Model, list[dict[str, Any]]] = {model: [] for model in Model}
    points, orbits = read_points(lake, surveys)
    for name, mine in objects(points):
        why = FEW if mine.num_rows < min(LEAST_POINTS.values()) else NO_ORBIT if name not in orbits else ""
        if why:
            counted[why] += 1
            continue
        for one in curves(mine, orbits[name]):
            counted[one.model] += not one.why_not
            rows[one.model] += rows_of(name, one, mine, orbits[name])
    if points.num_rows:
        for model, made in rows.items():
            replace_rows(gold_phase_curves(), lake, made, {"model": str(model)})
    return counted


def objects(points: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Yield the points of each object; they come sorted by it."""
    names = points["designation"].to_numpy(zero_copy_only=False)
    changes = np.flatnonzero(names[1:] != names[:-1]) + 1
    for first, last in pairwise([0, *changes.tolist(), len(names)] if len(names) else []):
        yield str(names[first]), points.slice(first, last - first)


def reduced(points: pa.Table, orbit: Orbit) -> Points:
    """Return the points of an object as they would be at 1 au from Sun and observer, with their phases.

    Parameters
    ----------
    points
        `POINT` rows of the object.
    orbit
        Its elements.
    """
    told = as_arrays(points)
    seen = seen_from_earth(orbit, told["mjd_tt"])
    mag = told["mag"] - 5.0 * np.log10(seen.sun_au * seen.observer_au)
    band = np.asarray(told["band"], dtype=str)
    return Points(band, mag, told["error_mag"], seen.phase_deg, told["ra"], told["dec"])


def curves(points: pa.Table, orbit: Orbit) -> list[Fit]:
    """Return the fits of an object by all models.

    Parameters
    ----------
    points
        `POINT` rows of the object.
    orbit
        Its elements.

    Returns
    -------
    One a `Model`, fitted or not.
    """
    seen = reduced(points, orbit)
    return [fit(seen, model) for model in Model]


def rows_of(name: str, told: Fit, points: pa.Table, orbit: Orbit) -> Iterator[dict[str, Any]]:
    """Yield a row for each band that was fitted, or one that says why none was.

    Parameters
    ----------
    name
        Its designation.
    told
        The fit of one model.
    points
        `POINT` rows that it was made of, at least one.
    orbit
        Elements of the object.
    """
    phases = reduced(points, orbit).phase_deg
    head = {
        "designation": name,
        "model": str(told.model),
        "why_not": told.why_not,
        "all_points": points.num_rows,
        "least_phase_deg": float(phases.min()),
        "greatest_phase_deg": float(phases.max()),
        "code_version": __version__,
    }
    if told.why_not:
        yield head | {"band": ""}
        return
    head |= {"rms_mag": told.rms_mag, "chi2_reduced": told.chi2_reduced} | _pairs(SPIN, told.spin)
    for band, values in told.bands.items():
        yield head | {"band": band, "points": told.points[band]} | _pairs(PARAMETERS, values)


def _pairs(columns: dict[str, str], values: Any) -> dict[str, float]:
    found = {column: values[name] for column, name in columns.items() if name in values}
    return {**{c: v for c, (v, _) in found.items()}, **{f"{c}_error": e for c, (_, e) in found.items()}}
