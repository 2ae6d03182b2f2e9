"""Models in the cache folder: each built once from its file, whatever the number of workers that ask for it."""

import contextlib
import functools
import hashlib
import json
import logging
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import numpy as np

from fink_lib.errors import ModelError
from fink_lib.locks import locked
from fink_lib.science.models.convert import CONVERTER, Converted, Parity, session
from fink_lib.science.models.forest import Forest, from_arrays
from fink_lib.science.models.sources import ModelSource, source_of

logger = logging.getLogger(__name__)

FACTS, ARRAYS, GRAPH = "facts.json", "arrays.npz", "model.onnx"


@dataclass(frozen=True)
class ModelFacts:
    """What a score can be traced back to.

    Attributes
    ----------
    name, kind
        Which model, and what it became.
    version
        Package that carried the file, with its version.
    sha256
        Role → hash of the source file.
    digest
        One hash for all of them.
    converter
        Version of the conversion.
    parity
        The check that the conversion passed.
    settings
        What a module must know to feed it.
    """

    name: str
    kind: str
    version: str
    sha256: Mapping[str, str]
    digest: str
    converter: str
    parity: Parity
    settings: Mapping[str, Any]

    @property
    def provenance(self) -> dict[str, str]:
        """Return the line of the silver table: model → version and hash."""
        return {f"model.{self.name}": f"{self.version} {self.digest[:12]} converter {self.converter}"}


def load_forest(name: str, cache: Path) -> tuple[Forest, ModelFacts]:
    """Return a forest, built when it is not yet in the cache folder.

    Parameters
    ----------
    name
        A key of `fink_lib.science.models.sources.MODELS`.
    cache
        The settings' cache folder; models live in `models/` below it.

    Raises
    ------
    ModelError
        When the model is unknown, its file is missing or it cannot be converted.
    """
    facts, folder = ensure(name, cache)
    with _telling_damage(folder), (folder / ARRAYS).open("rb") as stream, np.load(stream) as arrays:
        return from_arrays(arrays), facts


def load_network(name: str, cache: Path) -> tuple[Any, ModelFacts]:
    """Return an open network, built when it is not yet in the cache folder.

    Parameters
    ----------
    name
        A key of `fink_lib.science.models.sources.MODELS`.
    cache
        The settings' cache folder; models live in `models/` below it.

    Raises
    ------
    ModelError
        When the model is unknown, its files are missing or it cannot be converted.
    """
    facts, folder = ensure(name, cache)
    with _telling_damage(folder):
        return session((folder / GRAPH).read_bytes()), facts


def ensure(name: str, cache: Path, *, again: bool = False) -> tuple[ModelFacts, Path]:
    """Build a model unless that was done before, and return its facts and its folder.

    Parameters
    ----------
    name
        A key of `fink_lib.science.models.sources.MODELS`.
    cache
        The settings' cache folder; models live in ``models/`` below it.
    again
        Build it anew.
    """
    source = source_of(name)
    files, hashes, digest = _identify(source)
    folder = _folder(name, digest, cache)
    if again or not folder.is_dir():
        with locked(folder.parent / f".{folder.name}.lock"):
            if again or not folder.is_dir():
                _build(source, files, hashes, digest, folder)
    return read_facts(folder), folder


def built_facts(name: str, cache: Path) -> ModelFacts | None:
    """Return the facts of a model that is built already; None for one that is not, or whose file is missing.

    Parameters
    ----------
    name
        A key of `fink_lib.science.models.sources.MODELS`.
    cache
        The settings' cache folder; nothing is written there.
    """
    try:
        folder = _folder(name, _identify(source_of(name))[2], cache)
    except ModelError:
        return None
    return read_facts(folder) if folder.is_dir() else None


def _identify(source: ModelSource) -> tuple[dict[str, Path], dict[str, str], str]:
    """Return a model's files and their hashes by role, and one hash for all."""
    files = {role: model_file(source, path) for role, path in source.files.items()}
    hashes = {role: _sha256(path) for role, path in files.items()}
    return files, hashes, hashlib.sha256("".join(hashes.values()).encode()).hexdigest()


def _folder(name: str, digest: str, cache: Path) -> Path:
    return Path(cache) / "models" / f"{name}-{digest[:12]}-{CONVERTER}"


def read_facts(folder: Path) -> ModelFacts:
    """Return what is written beside a built model.

    Raises
    ------
    ModelError
        When the file is damaged.
    """
    with _telling_damage(folder):
        stored = json.loads((folder / FACTS).read_text())
        return ModelFacts(**{**stored, "parity": Parity(**stored["parity"])})


@contextlib.contextmanager
def _telling_damage(folder: Path) -> Iterator[None]:
    """Turn whatever a damaged file raises into one error that says how to mend it."""
    try:
        yield
    except Exception as error:
        name = folder.name.rsplit("-", 2)[0]
        raise ModelError(
            f"the model in {folder} is damaged ({type(error).__name__}): run `fink models build {name} --again`"
        ) from error


@functools.cache
def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def model_file(source: ModelSource, inner: str) -> Path:
    """Return the path of a file that an installed package carries.

    Parameters
    ----------
    source
        Named in the error, with its package.
    inner
        Name of the package, a slash, and the path within it; where no such package is, a path of this machine.

    Raises
    ------
    ModelError
        When the package or the file is missing.
    """
    root, _, rest = inner.partition("/")
    try:
        path = Path(str(resources.files(root).joinpath(rest)))
    except ModuleNotFoundError:
        path = Path(inner)
    if not path.is_file():
        raise ModelError(f"model '{source.name}': {inner} is missing; install the package {source.package}")
    return path


def _build(
    source: ModelSource, files: Mapping[str, Path], hashes: Mapping[str, str], digest: str, folder: Path
) -> None:
    """Convert a model into a folder of its own and rename it: a reader sees all of it or nothing."""
    converted = source.build({role: path.read_bytes() for role, path in files.items()})
    facts = ModelFacts(
        name=source.name,
        kind=str(source.kind),
        version=f"{source.package} {metadata.version(source.package)}",
        sha256=hashes,
        digest=digest,
        converter=CONVERTER,
        parity=converted.parity,
        settings=converted.settings,
    )
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    _write(converted, facts, scratch)
    scratch.chmod(0o755)
    if folder.is_dir():
        shutil.rmtree(folder)
    scratch.rename(folder)
    logger.info("model built name=%s max_diff=%g folder=%s", source.name, converted.parity.max_diff, folder)


def _write(converted: Converted, facts: ModelFacts, folder: Path) -> None:
    if converted.arrays:
        np.savez(folder / ARRAYS, allow_pickle=False, **converted.arrays)
    if converted.graph is not None:
        (folder / GRAPH).write_bytes(converted.graph)
    (folder / FACTS).write_text(json.dumps(asdict(facts), indent=1) + "\n")
