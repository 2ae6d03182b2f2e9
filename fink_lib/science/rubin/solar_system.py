"""Solar-system objects, as the Rubin packet itself associates them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from fink_lib.science.base import Cost, Module, Output, Values
from fink_lib.science.batch import AlertBatch


def compute(batch: AlertBatch, _resource: Any) -> Mapping[str, Values]:
    """Tell which alerts carry an association, and how far from the prediction they are."""
    offset = batch.scalars["sso_offset"]
    # The record is there or not as a whole; its own source id is never null in it.
    return {"is_sso": np.isfinite(batch.scalars["sso_source"]), "sso_offset_arcsec": offset}


MODULES = (
    Module(
        name="solar_system_rubin",
        version="1.0",
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
