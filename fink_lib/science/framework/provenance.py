"""Where a value comes from: the versions of all modules, models and catalogues, named by a short digest.

Each row of silver carries the digest; what it stands for is kept once, in a small table.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from fink_lib.science.framework.base import Module
from fink_lib.science.framework.runner import resource_of, versions

DIGEST_CHARS = 16


class Kind(StrEnum):
    """What a fact is about."""

    CODE = "code"
    MODULE = "module"
    CATALOG = "catalog"
    MODEL = "model"


@dataclass(frozen=True)
class Fact:
    """One line of the table.

    Attributes
    ----------
    digest
        Names the set that the fact belongs to.
    kind, name, version
        What, and which state of it: a version, or a version and the start of a sha256.
    outputs
        Columns that it decides, with commas between them: its own, and those of modules that read them, directly
        or through others. Empty for the code, which decides all.
    reference
        What to cite.
    """

    digest: str
    kind: Kind
    name: str
    version: str
    outputs: str
    reference: str


def digest_of(code_version: str, facts: Mapping[str, str]) -> str:
    """Return the digest of a set of versions; equal sets have equal digests on every machine.

    Parameters
    ----------
    code_version
        Version of this library.
    facts
        Module, catalogue or model → its version; the order does not count.
    """
    text = json.dumps({"code": code_version, "facts": dict(sorted(facts.items()))}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_CHARS]


def facts_of(modules: Sequence[Module], cache: Path, code_version: str) -> tuple[str, tuple[Fact, ...]]:
    """Return the digest of what modules use now, and the facts that it stands for.

    Parameters
    ----------
    modules
        Modules as they run; what could not be loaded has no version, and so another digest.
    cache
        Folder of catalogues and models.
    code_version
        Version of this library.
    """
    digest = digest_of(code_version, versions(modules, cache))
    facts = [Fact(digest, Kind.CODE, "fink_lib", code_version, "", "")]
    decided = decides(modules)
    for module in modules:
        outputs = ",".join(decided[module.name])
        facts.append(Fact(digest, Kind.MODULE, module.name, module.version, outputs, module.reference))
        resource = resource_of(module.load, str(cache))
        if module.provenance is not None and resource.problem is None:
            for name, version in module.provenance(resource.value).items():
                facts.append(Fact(digest, _kind(name), name, version, outputs, module.reference))
    return digest, tuple(facts)


def decides(modules: Sequence[Module]) -> dict[str, tuple[str, ...]]:
    """Return the columns that each module decides: its own first, then those that others make of them.

    Parameters
    ----------
    modules
        In the order in which they run.
    """
    found: dict[str, tuple[str, ...]] = {}
    for place in range(len(modules) - 1, -1, -1):
        own = tuple(out.name for out in modules[place].outputs)
        columns = dict.fromkeys(own)
        for later in modules[place + 1 :]:
            if not {*later.needs, *later.optional}.isdisjoint(own):
                columns |= dict.fromkeys(found[later.name])
        found[modules[place].name] = tuple(columns)
    return found


def trace(column: str, facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """Return what decided a column: the code, its module, all modules that it read, and their catalogues and models.

    Parameters
    ----------
    column
        Name of an output.
    facts
        All facts of one digest.
    """
    return tuple(fact for fact in facts if fact.kind is Kind.CODE or column in fact.outputs.split(","))


def _kind(name: str) -> Kind:
    prefix = name.partition(".")[0]
    return Kind(prefix) if prefix in {Kind.CATALOG, Kind.MODEL} else Kind.MODEL
