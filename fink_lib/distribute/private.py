"""Which alerts have points of a history that are not public; `fink_lib.packets.public` takes them out."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.distribute.alerts import Columns
from fink_lib.surveys import Survey

Flags = npt.NDArray[np.bool_]


def private_paths(survey: Survey, silver: pa.Schema) -> list[str]:
    """Return the columns of silver that tell which points must not leave.

    Parameters
    ----------
    survey
        Says which histories have points that are withheld.
    silver
        Columns of the table; histories that it lacks are left out.
    """
    return [f"{root}.{survey.points_programme}" for root in survey.points_withheld if root in silver.names]


def have_private(survey: Survey, rows: Columns, count: int) -> Flags:
    """Return which rows have points that must not leave.

    Parameters
    ----------
    survey, rows
        Whose alerts, with the columns of `private_paths`.
    count
        Number of rows.
    """
    found = np.zeros(count, dtype=np.bool_)
    for root in survey.points_withheld:
        points = rows.get(f"{root}.{survey.points_programme}")
        if points is not None:
            hidden = pc.invert(pc.fill_null(pc.equal(points.flatten(), 1), False))  # of which nothing is known either
            owners = pc.list_parent_indices(points).filter(hidden)
            found[owners.to_numpy()] = True
    return found
