"""Every science module, in the order in which they run."""

from collections.abc import Sequence

import pyarrow as pa

from fink_lib.errors import ConfigError
from fink_lib.science import detections, light_curve_features, solar_system, variable_stars
from fink_lib.science.base import Module
from fink_lib.science.inputs import inputs_of
from fink_lib.science.rubin.registry import RUBIN_MODULES

MODULES: tuple[Module, ...] = (
    *detections.MODULES,
    *solar_system.MODULES,
    *light_curve_features.MODULES,
    *variable_stars.MODULES,
    *RUBIN_MODULES,
)


def modules_of(survey: str, names: Sequence[str] | None = None) -> tuple[Module, ...]:
    """Return the modules of a survey, each after those that it needs.

    Parameters
    ----------
    survey
        Name of the survey.
    names
        Only these modules; all when not given.

    Raises
    ------
    ConfigError
        When a name is unknown, or a module's declaration does not fit the survey or the others.
    """
    known = {module.name: module for module in MODULES if survey in module.surveys}
    missing = sorted(set(names or ()) - set(known))
    if missing:
        raise ConfigError(f"unknown science module '{missing[0]}' for {survey}: there are {', '.join(known)}")
    chosen = tuple(module for name, module in known.items() if names is None or name in names)
    validate(chosen, survey)
    return chosen


def validate(modules: Sequence[Module], survey: str) -> None:
    """Check, before anything runs, that inputs exist and that needs are met by modules that stand before.

    Raises
    ------
    ConfigError
        With the module and the name that does not fit.
    """
    inputs = inputs_of(survey)
    written: set[str] = set()
    for module in modules:
        declared = {*module.scalars, *module.histories, *module.stamps}
        strangers = (
            (set(module.scalars) - set(inputs.scalars))
            | (set(module.histories) - set(inputs.points))
            | (set(module.stamps) - set(inputs.stamps))
            | (set(module.forced) - set(inputs.forced_points))
        )
        if strangers or not declared:
            raise ConfigError(f"module '{module.name}' reads {sorted(strangers)}, which {survey} does not feed")
        if set(module.needs) - written:
            raise ConfigError(f"module '{module.name}' needs {module.needs}: list and request its sources before it")
        names = {out.name for out in module.outputs}
        if names & written:
            raise ConfigError(f"module '{module.name}' writes {sorted(names & written)}, which another one writes too")
        written |= names


def output_struct(modules: Sequence[Module]) -> pa.StructType:
    """Return all outputs of some modules as one struct type."""
    return pa.struct([pa.field(out.name, out.type) for module in modules for out in module.outputs])
