"""The filters of the package fink-filters, unmodified: found, unwrapped, and called with arguments by name.

Its convention: a folder ``<survey>.livestream.filter_<name>`` holds a module ``filter`` with a function ``<name>``.
That of ZTF is wrapped for Spark, with the function itself in ``func``; that of Rubin is plain. The names of the
arguments are names of columns.
"""

import pkgutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from fink_lib.errors import ConfigError
from fink_lib.filters.upstream.binding import survey_binding
from fink_lib.filters.upstream.sandbox import fenced
from fink_lib.science.cases import hostless
from fink_lib.science.methods import elephant

PACKAGE = "fink_filters"
PREFIX = "filter_"


@dataclass(frozen=True)
class Plugin:
    """A filter of others.

    Attributes
    ----------
    name
        Its name; the topic is ``fink_<name>_<survey>``, as for ours.
    parameters
        Names of its arguments.
    function
        The function itself; None where it could not be loaded.
    error
        Why it could not be loaded; empty where it could.
    """

    name: str
    parameters: tuple[str, ...]
    function: Callable[..., Any] | None
    error: str = ""

    def select(self, arguments: Mapping[str, Any], size: int) -> NDArray[np.bool_]:
        """Call it, fenced, and return one yes or no for each alert; a null answer counts as no.

        Parameters
        ----------
        arguments
            At least those of its `parameters`, by name, one value an alert.
        size
            Number of alerts.

        Returns
        -------
        Shape (size,).

        Raises
        ------
        ConfigError
            When it was not loaded.
        TypeError, ValueError
            When it does not answer with booleans, or not one for each alert.
        Exception
            Whatever it raises.
        """
        if self.function is None:
            raise ConfigError(f"plug-in '{self.name}' is not loaded: {self.error}")
        with fenced():
            answer = np.asarray(self.function(*(arguments[name] for name in self.parameters)), dtype=object)
        if answer.shape != (size,):
            raise ValueError(f"plug-in '{self.name}' answered shape {answer.shape} for {size} alerts")
        strangers = [one for one in answer if not isinstance(one, bool | np.bool_) and one is not None and one == one]  # noqa: PLR0124  NaN
        if strangers:
            raise TypeError(f"plug-in '{self.name}' answered {strangers[0]!r}, not yes or no")
        return np.array([isinstance(one, bool | np.bool_) and bool(one) for one in answer], dtype=np.bool_)


def _load_parameters(load: Callable[[str], Any], path: str) -> Any:
    """Return a file of parameters, or those of the published method where the package lacks the file."""
    if Path(path).is_file():
        return load(path)
    return {
        "image_shape": list(hostless.SHAPE_PX),
        "sigma_clipping_kwargs": {"sigma": elephant.CLIP_SIGMA, "maxiters": elephant.CLIP_ITERATIONS},
        "hostless_detection_with_clipping": {
            "crop_radius": elephant.CROP_RADIUS_PX,
            "max_number_of_pixels_clipped": elephant.MANY_PIXELS,
            "min_number_of_pixels_clipped": elephant.FEW_PIXELS,
        },
    }


@contextmanager
def _with_parameters() -> Iterator[None]:
    """Let filters that read ELEPHANT's file of parameters, which fink-science 7.4.0 lacks, have our own values."""
    try:
        reader = import_module("fink_science.ztf.hostless_detection.pipeline_utils")
    except ImportError:
        yield
        return
    with patch.object(reader, "load_json", partial(_load_parameters, reader.load_json)):
        yield


def load_plugins(survey: str, package: str = PACKAGE) -> tuple[Plugin, ...]:
    """Load every live filter of a survey, sorted by name; one that cannot be loaded says why.

    Parameters
    ----------
    survey
        Its name.
    package
        Package that holds the filters.

    Raises
    ------
    ConfigError
        When the package is not installed, or nothing is known of Fink's filters of the survey.
    """
    where = f"{package}.{survey_binding(survey).FOLDER}.livestream"
    try:
        with fenced():
            folder = import_module(where)
    except ModuleNotFoundError as problem:
        raise ConfigError(f"{where} is not installed: `uv sync --group plugins` gets it") from problem
    names = sorted(module.name for module in pkgutil.iter_modules(folder.__path__) if module.name.startswith(PREFIX))
    return tuple(_load(f"{where}.{name}.filter", name.removeprefix(PREFIX)) for name in names)


def _load(module: str, name: str) -> Plugin:
    try:
        with fenced(), _with_parameters():
            found = getattr(import_module(module), name)
    except Exception as problem:  # noqa: BLE001  code of others: one that cannot be loaded must not hide the rest
        return Plugin(name, (), None, f"{type(problem).__name__}: {problem}")
    function = getattr(found, "func", found)
    code = function.__code__
    return Plugin(name, code.co_varnames[: code.co_argcount], function)
