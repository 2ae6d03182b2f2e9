"""The code of a driver as one short text: it changes when any file changes that the driver could have loaded."""

import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

LIBRARY = "fink_lib"
_OWN = Path(__file__).resolve().parents[1]
_IMPORT = re.compile(rf"^\s*(?:from|import)\s+{LIBRARY}(?:\.(\w+)|\s+import\s+(\w+))", re.MULTILINE)


@cache
def code_digest(job: Path) -> str:
    """Return a digest of a job and of the packages of the library that it reaches by imports.

    Packages are taken whole, with what is no Python: surveys and filters are found by looking into folders. They are
    those of the checkout that the job stands in, or this process's own where it holds none. Files are read once in a
    process: a process that lives long speaks of the code that it found first, which is about the code that it runs.

    Parameters
    ----------
    job
        File of a driver; one that is missing has no code of its own.
    """
    root = _library_of(job)
    digest = hashlib.sha256()
    for path in [*([job] if job.is_file() else []), *_files(root, _reached(root, job))]:
        name = path.name if path == job else path.relative_to(root).as_posix()
        digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def packages_of(job: Path) -> list[str]:
    """Return the packages, and modules beside them, of the library that a job reaches by imports."""
    return sorted(_reached(_library_of(job), job))


def _library_of(job: Path) -> Path:
    beside = [parent / LIBRARY for parent in job.parents if (parent / LIBRARY / "__init__.py").is_file()]
    return beside[0] if beside else _OWN


def _reached(root: Path, job: Path) -> set[str]:
    waiting, reached = _imported(job), set[str]()
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            for path in _files(root, {name}):
                waiting |= _imported(path) if path.suffix == ".py" else set()
    return reached


def _imported(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    return {of or name for of, name in _IMPORT.findall(path.read_text(encoding="utf-8"))}


def _files(root: Path, names: set[str]) -> Iterator[Path]:
    for name in sorted({*names, "__init__"}):
        module, package = root / f"{name}.py", root / name
        if module.is_file():
            yield module
        if package.is_dir():
            yield from (p for p in sorted(package.rglob("*")) if p.is_file() and "__pycache__" not in p.parts)
