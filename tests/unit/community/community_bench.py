"""People of two groups, a stranger, a program; and statements in few words."""

from typing import Any

from fink_lib.community.draft import Draft
from fink_lib.community.log import Log
from fink_lib.community.people import Person
from fink_lib.community.saying import say

ANNA = Person("anna", frozenset({"sn"}), frozenset({"sn"}))
BEN = Person("ben", frozenset({"sn"}))
CLARA = Person("clara", frozenset({"agn"}), rights=frozenset({"lsst:dac"}))
ROBOT = Person("robot", is_program=True)
OBJECT = {"survey": "ztf", "object_id": "ZTF21acoshvy"}


def draft(kind: str, **told: Any) -> Draft:
    about = {} if "about_statement" in told or "survey" in told or kind == "withdrawal" else OBJECT
    return Draft.of({"kind": kind, **about, **told})


def label(name: str, **told: Any) -> Draft:
    return draft("classification", taxonomy="fink/1", label=name, **told)


def said(log: Log, who: Person, kind: str, **told: Any) -> dict[str, Any]:
    return say(log, who, [draft(kind, **told)])[0]
