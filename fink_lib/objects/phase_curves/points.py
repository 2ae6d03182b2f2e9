"""The points of moving objects, and their orbits, out of the silver of all surveys."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.lake.pinned import Pinned
from fink_lib.lake.rows import Rows
from fink_lib.lake.versions import Table
from fink_lib.objects.alerts import designations_of
from fink_lib.objects.phase_curves.orbit import Orbit
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey
from fink_lib.surveys.objects import MovingPhotometry
from fink_lib.surveys.tables import night_specs

Floats: TypeAlias = npt.NDArray[np.float64]

UNIX_MJD, DAY_S = 40_587.0, 86_400.0
TT_MINUS_UTC_S = 69.184
MAG_OF_RELATIVE_FLUX = 2.5 / np.log(10.0)
POINT = pa.schema(
    [
        ("designation", pa.string()),
        ("band", pa.string()),
        *((name, pa.float64()) for name in ("mjd_tt", "ra", "dec", "mag", "error_mag")),
    ]
)


def read_points(lake: LakePath, surveys: Iterable[Survey]) -> tuple[pa.Table, dict[str, Orbit]]:
    """Return the points of all nights, by object and time, and the newest orbit of each object that has one.

    Parameters
    ----------
    lake
        Root folder of the tables.
    surveys
        Whose; of one that says nothing of moving objects' brightness there are none.
    """
    parts, orbits = [POINT.empty_table()], dict[str, tuple[float, Orbit]]()
    for survey in surveys:
        for rows in _nights(lake, survey):
            points, elements = _read(rows, survey)
            parts.append(points)
            orbits |= {one: new for one, new in elements.items() if one not in orbits or new[0] > orbits[one][0]}
    order = [(name, "ascending") for name in ("designation", "mjd_tt", "band", "mag")]
    return pa.concat_tables(parts).sort_by(order), {name: orbit for name, (_, orbit) in orbits.items()}


def _nights(lake: LakePath, survey: Survey) -> Iterator[Rows]:
    """Yield the moving alerts of each night that silver has, oldest night first."""
    pinned, facts = Pinned.now(night_specs(survey), lake), survey.objects
    if facts.photometry is None or pinned.versions[str(Table.SILVER)] is None:
        return
    for night in sorted(part["night"] for part in pinned.table(Table.SILVER).partitions()):
        rows = pinned.of_night(Table.SILVER, dt.date.fromisoformat(night))
        if all(rows.has(path) for path in (*facts.moving.needs, facts.photometry.brightness, facts.photometry.error)):
            yield rows.chosen(facts.moving.holds)


def _read(rows: Rows, survey: Survey) -> tuple[pa.Table, dict[str, tuple[float, Orbit]]]:
    told = survey.objects.photometry
    assert told is not None  # noqa: S101 - `_nights` yields none without
    names = [path for path in survey.objects.designations if rows.has(path)]
    elements = told.orbit if all(rows.has(path) for path in told.orbit) else ()
    columns = ("time", "ra", "dec", told.brightness, told.error, *elements)
    found = rows.read(*dict.fromkeys([*columns, "band", *names]))
    numbers = {name: np.asarray(found[name].cast(pa.float64()).to_numpy()) for name in columns}
    mag, error = magnitudes(numbers[told.brightness], numbers[told.error], told)
    seconds = (numbers["time"] + survey.night.days_to_epoch - survey.night.offset_h / 24.0) * DAY_S
    mjd_tt = UNIX_MJD + (seconds + TT_MINUS_UTC_S) / DAY_S
    designation = designations_of(found, names)
    bands = pc.binary_join_element_wise(survey.name, found["band"].cast(pa.string()), ":")
    values = (designation, bands, mjd_tt, numbers["ra"], numbers["dec"], mag, error)
    points = pa.table(dict(zip(POINT.names, values, strict=True))).cast(POINT)
    finite = np.isfinite(np.stack([mjd_tt, mag, error, numbers["ra"], numbers["dec"]])).all(axis=0)
    kept = pc.and_(pc.and_(pc.is_valid(designation), pc.is_valid(bands)), pa.array(finite))
    return points.filter(kept), _orbits(designation.to_pylist(), mjd_tt, [numbers[path] for path in elements])


def magnitudes(values: Floats, errors: Floats, told: MovingPhotometry) -> tuple[Floats, Floats]:
    """Return magnitudes and their errors; NaN where a flux is not above zero.

    Parameters
    ----------
    values, errors
        Fluxes and their errors in the unit of the zero point; magnitudes where there is none, which are returned as
        they are.
    told
        How the survey tells brightness.
    """
    if told.zero_point is None:
        return values, errors
    flux = np.where(values > 0.0, values, np.nan)
    return told.zero_point - 2.5 * np.log10(flux), MAG_OF_RELATIVE_FLUX * errors / flux


def _orbits(names: list[str | None], mjd_tt: Floats, elements: list[Floats]) -> dict[str, tuple[float, Orbit]]:
    """Return the orbit that the last alert of each object brings, with its time."""
    found: dict[str, tuple[float, Orbit]] = {}
    for row in np.argsort(mjd_tt, kind="stable") if elements else ():
        name, values = names[row], [float(one[row]) for one in elements]
        orbit = Orbit(*values)
        if name is not None and orbit.is_ellipse:
            found[name] = (float(mjd_tt[row]), orbit)
    return found


def as_arrays(points: pa.Table) -> dict[str, npt.NDArray[Any]]:
    """Return the columns of points as arrays."""
    return {name: points[name].to_numpy(zero_copy_only=False) for name in points.column_names}
