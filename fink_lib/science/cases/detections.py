"""Number of detections that the packet itself shows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from fink_lib.science.framework.base import ANY_SURVEY, Cost, Module, Output, Values
from fink_lib.science.framework.batch import AlertBatch, Ints


def count_detections(batch: AlertBatch) -> Ints:
    """Count the points with a magnitude, current one included; upper limits have none."""
    mag = batch.history("mag")
    return mag.count(~np.isnan(mag.values))


def compute(batch: AlertBatch, _resource: Any) -> Mapping[str, Values]:
    """Return the number of detections of each alert.

    Parameters
    ----------
    batch
        Alerts with the magnitude of each point; an upper limit has none.
    _resource
        Not used: nothing is loaded.
    """
    return {"nalerthist": batch.shared("n_shown", count_detections)}


MODULES = (
    Module(
        name="detections",
        version="1.0",
        meaning="Number of detections in the packet: history and current point, upper limits left out.",
        reference="Fink's nalerthist",
        surveys=ANY_SURVEY,
        cost=Cost.CHEAP,
        histories=("mag",),
        outputs=(Output("nalerthist", pa.int32(), "", "Detections in the packet, the current one included."),),
        compute=compute,
    ),
)
