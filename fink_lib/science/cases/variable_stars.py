"""Nearest variable star of GCVS and of VSX, for every alert."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from fink_lib.catalogs import Catalog
from fink_lib.science.cases.known_sources import load as load_source
from fink_lib.science.cases.known_sources import unplaced
from fink_lib.science.framework.base import ANY_SURVEY, NO_MATCH, Cost, Module, ModuleResult, Output, Values
from fink_lib.science.framework.batch import AlertBatch

NAMES = ("gcvs", "vsx")


def load(cache: Path) -> dict[str, Catalog]:
    """Open both catalogues."""
    return {name: load_source(cache, name) for name in NAMES}


def provenance(catalogs: Mapping[str, Catalog]) -> dict[str, str]:
    """Name the version of each catalogue and the start of its file's sha256."""
    return {f"catalog.{name}": f"{c.facts.version} {c.facts.sha256[:12]}" for name, c in catalogs.items()}


def compute(batch: AlertBatch, catalogs: Any) -> ModuleResult:
    """Match every alert with its nearest star; several alerts on one star all get it.

    Parameters
    ----------
    batch
        Alerts with their place (deg); one that has none is told so.
    catalogs
        What `load` returns: name → catalogue.
    """
    found: dict[str, Values] = {}
    for name in NAMES:
        catalog: Catalog = catalogs[name]
        rows, separation = catalog.nearest(batch.scalars["ra"], batch.scalars["dec"])
        found[name] = catalog.label_of(rows, NO_MATCH)
        found[f"{name}_sep_arcsec"] = separation
    return ModuleResult(found, [unplaced(batch)])


MODULES = (
    Module(
        name="variable_stars",
        version="1.1",
        meaning="Nearest star of the two great catalogues of variable stars, within 1.5 arcsec.",
        reference="GCVS: Samus et al. 2017, ARep 61, 80; VSX: Watson et al. 2006, SASS 25, 47",
        surveys=ANY_SURVEY,
        cost=Cost.CHEAP,
        scalars=("ra", "dec"),
        outputs=tuple(
            output
            for name, title in (("gcvs", "GCVS"), ("vsx", "VSX"))
            for output in (
                Output(name, pa.string(), "", f"Variability type of the nearest {title} star, or '{NO_MATCH}'."),
                Output(
                    f"{name}_sep_arcsec", pa.float64(), "arcsec", f"Separation from it; null where {title} has none."
                ),
            )
        ),
        compute=compute,
        load=load,
        provenance=provenance,
    ),
)
