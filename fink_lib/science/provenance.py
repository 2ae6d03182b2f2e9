"""Where a value comes from: the versions of all modules, models and catalogues, named by a short digest.

Each row of silver carries the digest; what it stands for is kept once, in a small table.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from fink_lib.science.base import Module
from fink_lib.science.runner import resource_of, versions

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
        Columns that it decides, with commas between them; all of them for the code.
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
    """Return the digest of a set of versions; equal sets have equal digests on every machine."""
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
    for module in modules:
        outputs = ",".join(out.name for out in module.outputs)
        facts.append(Fact(digest, Kind.MODULE, module.name, module.version, outputs, module.reference))
        resource = resource_of(module.load, str(cache))
        if module.provenance is not None and resource.problem is None:
            for name, version in module.provenance(resource.value).items():
                facts.append(Fact(digest, _kind(name), name, version, outputs, module.reference))
    return digest, tuple(facts)


def trace(column: str, facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """Return what decided a column: the code, its module, and the catalogues and models of that."""
    return tuple(fact for fact in facts if fact.kind is Kind.CODE or column in fact.outputs.split(","))


def _kind(name: str) -> Kind:
    prefix = name.partition(".")[0]
    return Kind(prefix) if prefix in {Kind.CATALOG, Kind.MODEL} else Kind.MODEL
