"""Tests are named alike in every process that collects them: workers side by side refuse names that differ."""

import ast
from collections.abc import Iterator
from pathlib import Path

from fink_lib.config import PROJECT_DIR

CHANGING = {"time", "now", "today", "utcnow", "uuid4", "token_hex", "random", "getpid"}


def changing_parameters(source: str) -> Iterator[int]:
    """Yield the lines where a parameter of a test is read from a clock or drawn at random."""
    for node in ast.walk(ast.parse(source)):
        for decorator in getattr(node, "decorator_list", ()):
            if "parametrize" in ast.unparse(decorator):
                yield from (call.lineno for call in ast.walk(decorator) if _changes(call))


def _changes(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    named = node.func
    return (named.attr if isinstance(named, ast.Attribute) else getattr(named, "id", "")) in CHANGING


def test_no_parameter_of_a_test_changes_from_process_to_process() -> None:
    paths = sorted((PROJECT_DIR / "tests").rglob("*.py"))
    wrong = [f"{place(path)}:{line}" for path in paths for line in changing_parameters(path.read_text())]
    assert wrong == []


def place(path: Path) -> str:
    return str(path.relative_to(PROJECT_DIR))


def test_a_clock_in_a_parameter_is_found() -> None:
    source = "@pytest.mark.parametrize('at', [1, int(time.time())])\ndef test_it(at): ...\n"
    assert list(changing_parameters(source)) == [1]
