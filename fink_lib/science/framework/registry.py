"""Every science module, in the order in which they run."""

from collections.abc import Sequence

from fink_lib.errors import ConfigError
from fink_lib.science.cases import (
    anomaly,
    blazars,
    classification,
    context,
    detections,
    early_snia,
    extinction,
    fast_transients,
    host,
    hostless,
    kilonova,
    known_sources,
    light_curve_features,
    magnitude_rate,
    magnitudes,
    microlensing,
    neighbours,
    quality,
    solar_system,
    supernnova,
    transient_flags,
    variable_stars,
)
from fink_lib.science.cases.rubin.registry import RUBIN_MODULES
from fink_lib.science.framework.base import Module, Output, Role
from fink_lib.surveys import get_survey
from fink_lib.surveys.inputs import SurveyInputs, inputs_of

MODULES: tuple[Module, ...] = (
    *detections.MODULES,
    *solar_system.MODULES,
    *light_curve_features.MODULES,
    *variable_stars.MODULES,
    *known_sources.MODULES,
    *neighbours.MODULES,
    *quality.MODULES,
    *magnitudes.MODULES,
    *extinction.MODULES,
    *magnitude_rate.MODULES,
    *transient_flags.MODULES,
    *fast_transients.MODULES,
    *blazars.MODULES,
    *host.MODULES,
    *context.MODULES,
    *supernnova.MODULES,
    *early_snia.MODULES,
    *kilonova.MODULES,
    *anomaly.MODULES,
    *hostless.MODULES,
    *microlensing.MODULES,
    *classification.MODULES,  # last: it reads what all others found
    *RUBIN_MODULES,
)


def stream_modules(survey: str, names: Sequence[str] | None = None) -> tuple[Module, ...]:
    """Return the modules that the enrich stream of a survey runs, or some others in their place.

    Parameters
    ----------
    survey
        Name of the survey.
    names
        Modules in the place of the stream's own; those of the stream if none.

    Raises
    ------
    ConfigError
        When a name is unknown, or a module's declaration does not fit the survey or the others.
    """
    return modules_of(survey, get_survey(survey).knowledge.stream_modules if names is None else names)


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
    known = tuple(module for module in MODULES if runs_for(module, survey))
    chosen = known if names is None else _named(known, survey, names)
    validate(chosen, survey)
    return chosen


def runs_for(module: Module, survey: str) -> bool:
    """Tell whether a module runs for a survey: it names it, or names none and all its inputs are fed.

    Parameters
    ----------
    module
        One of any survey; where it names surveys, its inputs are not looked at.
    survey
        Name of the survey.
    """
    return survey in module.surveys or (not module.surveys and not strangers_of(module, inputs_of(survey)))


def strangers_of(module: Module, inputs: SurveyInputs) -> list[str]:
    """Return the inputs that a module declares and a survey does not feed.

    Parameters
    ----------
    module
        One of any survey.
    inputs
        What the survey feeds.
    """
    return sorted(
        (set(module.scalars) - set(inputs.scalars))
        | (set(module.histories) - set(inputs.points))
        | (set(module.stamps) - set(inputs.stamps))
        | (set(module.forced) - set(inputs.forced_points))
    )


def _unlisted(name: str, survey: str, there: Sequence[str]) -> str:
    return (
        f"unknown science module '{name}' for {survey}: there are {', '.join(there)}; a new one is listed in "
        "fink_lib/science/framework/registry.py, a catalogue's in fink_lib/science/cases/known_sources.py"
    )


def _absence(name: str, survey: str) -> str:
    """Return why a module that is listed does not run for a survey; an empty text for one that is not listed."""
    for module in MODULES:
        if module.name == name and module.surveys:
            return f"science module '{name}' is for {', '.join(module.surveys)}, not for {survey}"
        if module.name == name:
            lacking = ", ".join(strangers_of(module, inputs_of(survey)))
            return (
                f"science module '{name}' reads {lacking}, which {survey} does not feed: "
                f"the names are those of `inputs` of fink_lib/surveys/{survey}"
            )
    return ""


def _named(known: Sequence[Module], survey: str, names: Sequence[str]) -> tuple[Module, ...]:
    there = [module.name for module in known]
    missing = sorted(set(names) - set(there))
    if missing:
        raise ConfigError(_absence(missing[0], survey) or _unlisted(missing[0], survey, there))
    return tuple(module for module in known if module.name in names)


def with_needs(survey: str, names: Sequence[str]) -> tuple[Module, ...]:
    """Return some modules of a survey and every other one whose results they read, needed or optional.

    So each of them finds what it would find in a full run, and says the same.

    Parameters
    ----------
    survey
        Name of the survey.
    names
        Modules that run for it, of its stream or not.

    Raises
    ------
    ConfigError
        When a name is unknown.
    """
    everything = modules_of(survey)
    return _with_sources(everything, _named(everything, survey, names))


def with_dependents(survey: str, names: Sequence[str]) -> tuple[Module, ...]:
    """Return some modules of a survey's stream, every one that their results reach, and all that those read.

    Parameters
    ----------
    survey
        Name of the survey.
    names
        Modules of its stream.

    Raises
    ------
    ConfigError
        When a name is unknown.
    """
    everything = stream_modules(survey)
    reached = {module.name for module in _named(everything, survey, names)}
    writer = _writers(everything)
    for module in everything:  # each stands after those that it reads
        if {writer.get(result) for result in (*module.needs, *module.optional)} & reached:
            reached.add(module.name)
    return _with_sources(everything, [module for module in everything if module.name in reached])


def _writers(modules: Sequence[Module]) -> dict[str, str]:
    return {out.name: module.name for module in modules for out in module.outputs}


def _with_sources(everything: Sequence[Module], chosen: Sequence[Module]) -> tuple[Module, ...]:
    by_name, writer = {module.name: module for module in everything}, _writers(everything)
    wanted: set[str] = set()
    waiting = [module.name for module in chosen]
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            module = by_name[name]
            waiting += [writer[result] for result in (*module.needs, *module.optional) if result in writer]
    return tuple(module for module in everything if module.name in wanted)


def validate(modules: Sequence[Module], survey: str) -> None:
    """Check, before anything runs, that inputs exist and that needs are met by modules that stand before.

    Parameters
    ----------
    modules
        In the order in which they run.
    survey
        Name of the survey that feeds them.

    Raises
    ------
    ConfigError
        With the module and the name that does not fit.
    """
    inputs = inputs_of(survey)
    written: set[str] = set()
    for module in modules:
        declared = {*module.scalars, *module.histories, *module.stamps}
        strangers = strangers_of(module, inputs)
        if strangers or not declared:
            raise ConfigError(f"module '{module.name}' reads {strangers}, which {survey} does not feed")
        if set(module.needs) - written:
            raise ConfigError(f"module '{module.name}' needs {module.needs}: list and request its sources before it")
        names = {out.name for out in module.outputs}
        if names & written:
            raise ConfigError(f"module '{module.name}' writes {sorted(names & written)}, which another one writes too")
        written |= names


def outputs_with(survey: str, *roles: Role) -> dict[str, Output]:
    """Return the outputs of a survey's stream that have one of some roles, by name; all when none is named."""
    outputs = (out for module in stream_modules(survey) for out in module.outputs)
    return {out.name: out for out in outputs if not roles or out.role in roles}
