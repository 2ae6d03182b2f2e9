"""The modules of Rubin packets, in the order in which they run; they come after those of all surveys."""

from fink_lib.science.cases.rubin import (
    cats,
    context,
    early_snia,
    fast_transients,
    hostless,
    label,
    light_curve_features,
    rate,
    solar_system,
    supernnova,
)
from fink_lib.science.framework.base import Module

RUBIN_MODULES: tuple[Module, ...] = (
    *solar_system.MODULES,
    *light_curve_features.MODULES,
    *rate.MODULES,
    *fast_transients.MODULES,
    *supernnova.MODULES,
    *cats.MODULES,
    *early_snia.MODULES,
    *hostless.MODULES,
    *context.MODULES,
    *label.MODULES,
)
