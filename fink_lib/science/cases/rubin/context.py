"""Where a Rubin alert stands, by the table of the module `context`, as far as Rubin's packets feed its rules.

They name no stars or galaxies: there are no rules on bright stars, on Pan-STARRS and on the reference image. What the
template shows stands in their place: below three times its error nothing is there, and the class is `orphan`. A
source in the template that no catalogue names is `uncatalogued`, be it a star or a galaxy.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fink_lib.science.cases.context import CATALOGUES, OUTPUTS, REFERENCE, catalogue_facts, context_columns, numbers
from fink_lib.science.framework.base import Cost, Module, Values
from fink_lib.science.framework.batch import AlertBatch


def compute(batch: AlertBatch, _resource: Any) -> Mapping[str, Values]:
    """Return class, rule, column and all rules that hold.

    Parameters
    ----------
    batch
        Alerts with the template flux and its error, the results of the catalogues, and SIMBAD's where it was asked.
    _resource
        Not used: nothing is loaded.
    """
    error = batch.scalars["template_flux_err"]
    snr = np.divide(batch.scalars["template_flux"], error, out=np.full(len(batch), np.nan), where=error > 0.0)
    facts = {**catalogue_facts(batch), "is_sso": numbers(batch, "is_sso"), "template_snr": snr}
    return context_columns(facts, len(batch))


MODULES = (
    Module(
        name="context_rubin",
        version="1.0",
        meaning="Where the alert stands by all catalogues and the template.",
        reference=REFERENCE,
        surveys=("lsst",),
        cost=Cost.CHEAP,
        scalars=("template_flux", "template_flux_err"),
        needs=("is_sso", *CATALOGUES),
        optional=("cdsxmatch",),
        outputs=OUTPUTS,
        compute=compute,
    ),
)
