"""What several commands share: the home option, settings with clear errors, a line per step."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError

from fink_lib.cli.chatter import keep_apart
from fink_lib.config import Settings
from fink_lib.config.surveys import SurveySettings
from fink_lib.errors import ConfigError

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="Folder with all state of one broker [FINK_HOME; default .runtime/home]"),
]


def load_settings(home: Path | None = None, *, any_lake: bool = False, **overrides: Any) -> Settings:
    """Read the settings from the environment, options of the command line over them.

    Parameters
    ----------
    home
        Folder with all state; that of the environment when not given.
    any_lake
        True for what works on no table, or on those of an older version too.
    overrides
        Settings of the command line; None is not given.

    Raises
    ------
    ConfigError
        When a value cannot be used; the message names the variable.
    LakeError
        When the lake of the home is to be upgraded first.
    """
    given = {key: value for key, value in overrides.items() if value is not None}
    if home is not None:
        given["home"] = home.expanduser().absolute()
    try:
        settings = Settings(**given)
    except (SettingsError, ValidationError) as error:
        raise ConfigError(settings_sentence(error)) from error
    if settings.home.exists() and not settings.home.is_dir():
        raise ConfigError(f"home {settings.home} is a file: give a folder with --home or FINK_HOME")
    # Relative paths would mean another place in every child process.
    settings = settings.model_copy(update={"home": settings.home.absolute(), "cache": settings.cache.absolute()})
    keep_apart(settings.home)
    if not any_lake and settings.lake.is_dir():
        from fink_lib.lake.formats import require_current_lake

        require_current_lake(settings.lake)
    return settings


def say(line: str) -> None:
    """Show a result at once, also through a pipe."""
    print(line, flush=True)


def note(line: str) -> None:
    """Say how far something is, or something about a list: beside standard output, which has the result alone."""
    print(line, file=sys.stderr, flush=True)


def settings_sentence(error: SettingsError | ValidationError) -> str:
    """Say in one sentence which setting cannot be used."""
    if isinstance(error, SettingsError):
        return f"a FINK_ variable that must be JSON is not: {error}"
    return f"a setting cannot be used: {'; '.join(map(_problem, error.errors()))}"


def _problem(problem: ErrorDetails) -> str:
    """Say what is wrong; of settings that do not go together the input is all of them, passwords too."""
    where = problem["loc"]
    return f"{_variable(where)}={_shown(problem)}: {problem['msg']}" if where else problem["msg"]


def _shown(problem: ErrorDetails) -> str:
    """Return the value that cannot be used, unless it holds a password."""
    fields = {**SurveySettings.model_fields, **Settings.model_fields}
    hidden = {name for name, field in fields.items() if not field.repr}
    return "…" if hidden.intersection(problem["loc"]) else repr(problem["input"])


def _variable(location: tuple[int | str, ...]) -> str:
    location = location[1:] if location[:1] == ("of_surveys",) else location
    return "FINK_" + "_".join(str(part) for part in location).upper()
