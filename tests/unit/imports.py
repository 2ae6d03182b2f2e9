"""Imports as import-linter does not see them: modules named by strings, and folders that are no packages."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDERS = ("fink_lib", "expectations", "jobs", "dags")
ENTRY_POINTS = ("expectations", "jobs", "dags")  # what the library must not name
OF_OLD_NAMES = "fink_lib.moved"  # a table of old names and where they lead: it imports what it is asked for alone
# The table of streams names what Spark's workers begin with: they import it, nothing of the library does
OF_STREAMS = "fink_lib/streams/kinds.py"
_DOTTED = re.compile(rf"\b(?:{'|'.join(FOLDERS)})(?:\.[A-Za-z_]\w*)+")
_IMPORTERS = {"import_module", "__import__"}


def contracts(root: Path) -> list[dict[str, Any]]:
    """Return the contracts of import-linter."""
    told = tomllib.loads((root / "pyproject.toml").read_text())
    found: list[dict[str, Any]] = told["tool"]["importlinter"]["contracts"]
    return found


def ranks(root: Path) -> dict[str, int]:
    """Return how deep each package of the library lies: those of one layer have one number."""
    (layered,) = (one for one in contracts(root) if one["type"] == "layers")
    return {
        f"fink_lib.{name.strip()}": depth for depth, layer in enumerate(layered["layers"]) for name in layer.split("|")
    }


def python_files(root: Path, *folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (root / folder).rglob("*.py"))


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield every imported name in full, also those inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def named(tree: ast.Module) -> Iterator[str]:
    """Yield the modules of ours that strings name, but for docstrings; of a string that is put together, its parts."""
    told = set(_docstrings(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield from _DOTTED.findall(node.value)


def loaded(tree: ast.Module) -> Iterator[str]:
    """Yield what is imported by a call with a literal name."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in _IMPORTERS:
            yield str(node.args[0].value)


def _docstrings(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield id(first.value)


def module_in(root: Path, name: str) -> str | None:
    """Return the longest beginning of a dotted name that is a module or package of ours; None where none is."""
    parts = name.split(".")
    for end in range(len(parts), 1, -1):
        path = root.joinpath(*parts[:end])
        if path.is_dir() or path.with_suffix(".py").is_file():
            return ".".join(parts[:end])
    return None


def package_of(module: str) -> str:
    """Return the package of the library that a module stands in, or the folder of an entry point."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "fink_lib" else parts[0]


def strings_upward(root: Path) -> list[str]:
    """Return each string of the library that names a module above, beside or outside of where it stands.

    Airflow and Spark, loaded by name, are held to where import-linter lets them be imported.
    """
    depth, wrong = ranks(root), []
    for path in python_files(root, "fink_lib"):
        here = package_of(".".join(path.relative_to(root).with_suffix("").parts))
        if here == OF_OLD_NAMES or path == root / OF_STREAMS:
            continue
        tree = ast.parse(path.read_text())
        for name in sorted({*named(tree), *loaded(tree)}):
            module = module_in(root, name)
            there = package_of(module) if module else name.partition(".")[0]
            if not _may(depth, here, there):
                wrong.append(f"{path.relative_to(root)} names {module or name}")
    return wrong


def _may(depth: dict[str, int], here: str, there: str) -> bool:
    if there in ENTRY_POINTS:
        return False
    if there == "airflow":
        return here == "fink_lib.orchestration"
    return here == there or there not in depth or depth[here] < depth[there]
