"""Public functions tell what their arguments are: the share of them that do may rise, and never falls."""

import ast
from collections.abc import Iterator
from pathlib import Path

from fink_lib.config import PROJECT_DIR

LEAST_SHARE = 0.92
Function = ast.FunctionDef | ast.AsyncFunctionDef


def public_functions(module: ast.Module) -> Iterator[Function]:
    """Yield functions and methods without a leading underscore that take more than one argument, `self` not counted."""
    for node in module.body:
        inside = node.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_") else [node]
        for one in inside:
            if isinstance(one, Function) and not one.name.startswith("_") and arguments(one) > 1:
                yield one


def arguments(function: Function) -> int:
    """Return how many arguments a caller gives."""
    names = [one.arg for one in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def is_described(function: Function) -> bool:
    return "Parameters\n" in (ast.get_docstring(function) or "")


def described_share(folder: Path) -> float:
    """Return the share of the public functions below a folder whose docstring names their parameters."""
    modules = (ast.parse(path.read_text()) for path in sorted(folder.rglob("*.py")) if not path.name.startswith("_"))
    found = [is_described(one) for module in modules for one in public_functions(module)]
    return sum(found) / len(found)


def test_no_fewer_functions_describe_their_parameters_than_before() -> None:
    """Raise the share when more of them do; lower it never."""
    assert described_share(PROJECT_DIR / "fink_lib") >= LEAST_SHARE


def test_what_counts(tmp_path: Path) -> None:
    told = '    """Add.\n\n    Parameters\n    ----------\n    a, b\n        Terms.\n    """\n'
    text = f"def add(a, b):\n{told}\ndef one(a):\n    ...\ndef two(a, *, b):\n    ...\ndef _own(a, b):\n    ...\n"
    (tmp_path / "code.py").write_text(text + "class Sum:\n    def of(self, a):\n        ...\n")
    assert described_share(tmp_path) == 0.5
