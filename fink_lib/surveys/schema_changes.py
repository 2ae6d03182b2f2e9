"""What a schema that is newer than the code changes: fields that are added, and fields that can be read no longer."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fink_lib.avro.schema import resolved
from fink_lib.surveys.base import AvroSchema, Survey
from fink_lib.surveys.tables import fact_paths

_WIDER = {"int": {"int", "long", "float", "double"}, "long": {"long", "float", "double"}, "float": {"float", "double"}}


class Severity(StrEnum):
    """What a change means for the broker."""

    ADDITIVE = "additive"
    GONE = "gone"
    BREAKING = "breaking"


@dataclass(frozen=True)
class Change:
    """One field that is another one in the newer schema.

    Attributes
    ----------
    path
        Dotted path in the packet.
    severity
        ADDITIVE: nobody knows it, it is kept and sent on. GONE: nothing here reads it. BREAKING: something does, and
        it is not there, or of a type that the column cannot hold.
    text
        One line for people.
    """

    path: str
    severity: Severity
    text: str


def changes(newer: AvroSchema, survey: Survey) -> list[Change]:
    """Return how a schema differs from the columns that the survey is read into, in the order of the paths.

    Parameters
    ----------
    newer
        Writer schema; defaults and logical types do not matter.
    survey
        Whose.
    """
    known, found = _kinds(survey.reader_schema), _kinds(newer)
    read = set(read_paths(survey))
    told = [Change(path, Severity.ADDITIVE, f"{path} ({found[path]}) is new") for path in found.keys() - known.keys()]
    told += _missing(known.keys() - found.keys(), read)
    for path in known.keys() & found.keys():
        if known[path] not in _WIDER.get(found[path], {found[path]}):
            severity = Severity.BREAKING if path in read else Severity.GONE
            told.append(Change(path, severity, f"{path} was {known[path]} and is {found[path]}"))
    return sorted(told, key=lambda one: one.path)


def _missing(paths: Collection[str], read: Collection[str]) -> list[Change]:
    """Tell what is not there of what is read; fields of older versions are not there rightly."""
    return [Change(path, Severity.BREAKING, f"{path} is read here and is gone") for path in paths if path in read]


def read_paths(survey: Survey) -> Iterator[str]:
    """Yield the fields of a packet that the broker reads: identity, cuts and rules, what science is fed with."""
    fields, inputs = survey.fields, survey.inputs
    yield from fields.required
    yield from fact_paths(survey)
    yield from (path for path, _ in inputs.scalars.values() if path)
    for root, points in ((inputs.current, inputs.points), (inputs.history, inputs.points)):
        yield from (f"{root}.{name}" for name, _ in points.values())
    if inputs.forced:
        yield from (f"{inputs.forced}.{name}" for name, _ in inputs.forced_points.values())
    yield from inputs.stamps.values()


def _kinds(schema: AvroSchema) -> dict[str, str]:
    """Return the type of each field that is no record, through arrays and unions."""
    return dict(_leaves(resolved(schema), ""))


def _leaves(node: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for branch in node:
            yield from _leaves(branch, path)
    elif isinstance(node, dict) and node["type"] == "record":
        for fld in node["fields"]:
            yield from _leaves(fld["type"], f"{path}.{fld['name']}" if path else fld["name"])
    elif isinstance(node, dict) and node["type"] == "array":
        yield from _leaves(node["items"], path)
    elif isinstance(node, dict):
        yield from _leaves(node["type"], path)
    elif node != "null":
        yield path, node
