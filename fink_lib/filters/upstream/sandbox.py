"""A fence around code of others: no network, no message sent, no word printed.

Fink's filters post to chat channels and ask remote services from inside. Within the fence a name does not resolve
and a connection is refused, which is what such code sees, and often handles, when the network is down. The
variables that name its channels are hidden, and packages that only reach the network or only measure time, and are
not installed, are stood in for.

The fence is one for the whole process: use it in a command, not beside threads that need the network.
"""

import contextlib
import io
import os
import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from types import ModuleType
from typing import Any, NoReturn
from unittest.mock import patch

from astropy.coordinates import EarthLocation

from fink_lib.errors import ConfigError
from fink_lib.surveys import SURVEYS

HIDDEN_PREFIXES = ("FINK_TG_", "KNWEBHOOK", "SLACK", "ANOMALY_")


def _no_name(*_: Any, **__: Any) -> NoReturn:
    raise socket.gaierror(socket.EAI_NONAME, "fenced: a filter may not use the network")


def _refused(*_: Any, **__: Any) -> NoReturn:
    raise ConnectionRefusedError("fenced: a filter may not use the network")


def _profile(function: Callable[..., Any]) -> Callable[..., Any]:
    """Stand for line_profiler's decorator."""
    return function


class _Unreachable:
    """Stand for a service's client: every question fails as it does without a network."""

    def query_region(self, *_: Any, **__: Any) -> NoReturn:
        from requests.exceptions import ConnectionError as Unreachable  # noqa: PLC0415  only code of others needs it

        raise Unreachable("fenced: a filter may not use the network")


# Module → what code of others takes from it.
_STAND_INS: dict[str, dict[str, Any]] = {
    "line_profiler": {"profile": _profile},
    "astroquery": {},
    "astroquery.sdss": {"SDSS": _Unreachable()},
}


def _site(_class: Any, /, name: str, **_: Any) -> EarthLocation:
    """Stand for astropy's list of observatories, which is fetched when the first one is asked for.

    Raises
    ------
    ConfigError
        For any other observatory than those of the surveys.
    """
    sites = {survey.calendar.site.name: survey.calendar.site for survey in SURVEYS.values()}
    if (site := sites.get(name)) is None:
        known = ", ".join(f"'{one}'" for one in sorted(sites))
        raise ConfigError(f"fenced: the place of '{name}' would be fetched; this broker knows {known}")
    return EarthLocation.from_geodetic(site.longitude_deg, site.latitude_deg, site.height_m)


def _stand_ins() -> dict[str, ModuleType]:
    found = {}
    for name, members in _STAND_INS.items():
        if name in sys.modules or find_spec(name.partition(".")[0]) is not None:
            continue
        found[name] = ModuleType(name)
        vars(found[name]).update(members)
    return found


@contextlib.contextmanager
def fenced() -> Iterator[None]:
    """Run what is inside without network, without the variables of chat channels, and silently."""
    # Not our settings: variables that the code of others reads by itself.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(HIDDEN_PREFIXES)}
    with contextlib.ExitStack() as stack:
        stack.enter_context(patch.object(socket, "getaddrinfo", _no_name))
        stack.enter_context(patch.object(socket.socket, "connect", _refused))
        stack.enter_context(patch.object(socket.socket, "connect_ex", _refused))
        stack.enter_context(patch.object(EarthLocation, "of_site", classmethod(_site)))
        stack.enter_context(patch.dict(os.environ, kept, clear=True))
        stack.enter_context(_modules(_stand_ins()))
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _modules(stand_ins: dict[str, ModuleType]) -> Iterator[None]:
    """Let some modules be found, and only those be forgotten again."""
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in stand_ins:
            sys.modules.pop(name, None)
