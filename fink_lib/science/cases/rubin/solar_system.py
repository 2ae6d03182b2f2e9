"""Solar-system objects, as the Rubin packet itself associates them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from fink_lib.science.framework.base import Cost, Module, Output, Values
from fink_lib.science.framework.batch import AlertBatch


def compute(batch: AlertBatch, _resource: Any) -> Mapping[str, Values]:
    """Tell which alerts carry an association, and how far from the prediction they are.

    Parameters
    ----------
    batch
        Alerts with the source id and the offset (arcsec) of their association; NaN where there is none.
    _resource
        Not used: nothing is loaded.
    """
    # The record is there or not as a whole: no record says that there is no association. Its own source id is never
    # null in it; an id of 0 is none.
    named = [bool(source) and source == source for source in batch.scalars["sso_source"].tolist()]  # noqa: PLR0124 - NaN is null too
    return {"is_sso": np.array(named, dtype=bool), "sso_offset_arcsec": batch.scalars["sso_offset"]}


MODULES = (
    Module(
        name="solar_system_rubin",
        version="1.1",
        meaning="Whether the survey associates the source with a known solar-system object.",
        reference="ssSource of the alert packet: Rubin Data Products Definition Document, LSE-163",
        surveys=("lsst",),
        cost=Cost.CHEAP,
        scalars=("sso_offset", "sso_source"),
        outputs=(
            Output("is_sso", pa.bool_(), "", "True where the packet names a solar-system object."),
            Output("sso_offset_arcsec", pa.float64(), "arcsec", "Separation from its predicted position."),
        ),
        compute=compute,
    ),
)
