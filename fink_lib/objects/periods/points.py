"""The detections of objects that stay in their place, out of the silver of all nights: signed difference fluxes."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.lake.pinned import Pinned
from fink_lib.lake.rows import Rows
from fink_lib.lake.versions import Table
from fink_lib.objects.alerts import flagged
from fink_lib.science.cases.magnitudes import AB_ZERO_POINT_NJY
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey
from fink_lib.surveys.inputs import NEGATIVE
from fink_lib.surveys.tables import night_specs

POINT = pa.schema(
    [
        *((name, pa.string()) for name in ("object_id", "band")),
        *((name, pa.float64()) for name in ("time", "flux_njy", "flux_err_njy")),
    ]
)
RELATIVE_ERROR_PER_MAG = np.log(10.0) / 2.5


def read_points(lake: LakePath, survey: Survey, names: Sequence[str]) -> pa.Table:
    """Return the points of some objects, by object and time; those without a flux or an error above 0 are none.

    An alert that the survey takes to be of something that moves is none of the star that it passed.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey, names
        Whose objects, and which.
    """
    pinned, parts = Pinned.now(night_specs(survey), lake), [POINT.empty_table()]
    if pinned.versions[str(Table.SILVER)] is None:
        return parts[0]
    wanted = pc.field("object_id").isin(pa.array(names, pa.string()))
    for night in sorted(part["night"] for part in pinned.table(Table.SILVER).partitions()):
        rows = pinned.of_night(Table.SILVER, dt.date.fromisoformat(night)).chosen(wanted)
        parts.append(_points(rows.chosen(~flagged(rows, survey.objects.moving)), survey))
    return pa.concat_tables(parts).sort_by([(name, "ascending") for name in POINT.names[:1] + POINT.names[2:3]])


def _points(rows: Rows, survey: Survey) -> pa.Table:
    inputs, is_flux = survey.inputs, "flux" in survey.inputs.points
    what = ("flux", "flux_err") if is_flux else ("mag", "mag_err")
    value, error = (inputs.point_paths(name)[0] for name in what)
    sign = [inputs.point_paths("is_positive")[0]] if "is_positive" in inputs.points else []
    if not all(rows.has(path) for path in (value, error, *sign)):
        return POINT.empty_table()
    found = rows.read("object_id", "band", "time", value, error, *sign)
    numbers = [found[path].cast(pa.float64()).to_numpy() for path in (value, error)]
    if not is_flux:
        flux = 10.0 ** (-0.4 * (numbers[0] - AB_ZERO_POINT_NJY))
        negative = pc.is_in(found[sign[0]], pa.array(NEGATIVE)).to_numpy() if sign else np.zeros(len(flux), dtype=bool)
        numbers = [np.where(negative, -flux, flux), flux * numbers[1] * RELATIVE_ERROR_PER_MAG]
    columns = (found["object_id"], found["band"], found["time"], *numbers)
    points = pa.table(dict(zip(POINT.names, columns, strict=True))).cast(POINT)
    good = np.isfinite(points["time"].to_numpy()) & np.isfinite(numbers[0])
    good &= (numbers[1] > 0.0) & np.isfinite(numbers[1])
    return points.filter(pc.and_(pa.array(good), pc.is_valid(points["band"])))
