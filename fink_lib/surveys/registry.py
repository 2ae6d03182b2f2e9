"""The surveys that the broker knows: every folder beside this file whose package holds `SURVEY`."""

import pkgutil
from functools import cache
from importlib import import_module

from fink_lib import surveys as package
from fink_lib.config import Settings
from fink_lib.errors import ConfigError, SurveyError
from fink_lib.surveys.base import Survey


@cache
def known_surveys() -> dict[str, Survey]:
    """Return every survey by its name, in the order of the names.

    Raises
    ------
    SurveyError
        When a folder's survey has another name than the folder.
    """
    folders = sorted(module.name for module in pkgutil.iter_modules(package.__path__) if module.ispkg)
    found = {name: import_module(f"{package.__name__}.{name}") for name in folders}
    known: dict[str, Survey] = {name: module.SURVEY for name, module in found.items() if hasattr(module, "SURVEY")}
    for name, survey in known.items():
        if survey.name != name:
            raise SurveyError(f"the folder surveys/{name} holds the survey '{survey.name}': rename one of them")
    return known


def get_survey(name: str) -> Survey:
    """Return a survey.

    Raises
    ------
    SurveyError
        When there is none of that name.
    """
    try:
        return known_surveys()[name]
    except KeyError:
        raise SurveyError(f"unknown survey '{name}': the broker knows {', '.join(known_surveys())}") from None


def running_surveys(settings: Settings) -> tuple[Survey, ...]:
    """Return the surveys whose streams run, as ``FINK_SURVEYS`` lists them.

    Raises
    ------
    ConfigError
        When it lists one that is not known, or none.
    """
    names = [name.strip() for name in settings.surveys.split(",") if name.strip()]
    strangers = [name for name in names if name not in known_surveys()]
    if strangers or not names:
        wrong = f"names '{strangers[0]}', which is no survey" if strangers else "names no survey"
        raise ConfigError(f"FINK_SURVEYS {wrong}: the broker knows {', '.join(known_surveys())}")
    return tuple(known_surveys()[name] for name in dict.fromkeys(names))
