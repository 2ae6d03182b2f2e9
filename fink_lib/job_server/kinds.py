"""What kinds of jobs there are is said by those who know them; this is what they say of one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from fink_lib.config import Settings
from fink_lib.files import JsonObject

Run: TypeAlias = Callable[[Any, Settings, JsonObject], JsonObject]
"""A job: Spark session (whoever says what kinds there are imports no Spark), settings, request; an answer."""


@dataclass(frozen=True)
class Kind:
    """One kind of job: the same function on the server and without it.

    A job may be done again from its beginning when what ran it has died: what it did by then must not hurt. It has no
    commit made by Spark: a JVM goes on for a moment with a write that a job asked for which is no longer there.

    Attributes
    ----------
    name
        What it is called, in messages and to the server.
    load
        Imports what the job needs, Spark too, and returns the job: session, settings and request in, an answer out.
    check
        Refuses, without Spark, what cannot be done.
    """

    name: str
    load: Callable[[], Run]
    check: Callable[[Settings, JsonObject], None]
