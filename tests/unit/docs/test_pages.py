"""What the pages for developers name in backticks is there: files, functions of files, words of the code."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from fink_lib.config import PROJECT_DIR
from tests.unit.imports import contracts, module_in

DOCS = PROJECT_DIR / "docs"
DECISIONS = DOCS / "decisions"
PAGES = [PROJECT_DIR / "CONTRIBUTING.md", DOCS / "architecture.md", DOCS / "glossary.md", *DECISIONS.glob("*.md")]
SOURCES = ("fink_lib", "jobs", "dags", "expectations", "tests", "docker")
READ = {".py", ".java", ".yaml", ".yml", ".example", ".json"}
# Folders of a home, of a cache and of data that nobody commits
_FOLDERS = "lake|checkpoints|streams|nights|reprocess|transfers|kafka|airflow|registry|catalogs|third|ztf"
OF_A_HOME = re.compile(rf"^({_FOLDERS})/")
# What the examples of CONTRIBUTING.md are called, and words of tools that the code does not name
EXAMPLES = re.compile(r"peak|bright_and_rising|white_dwarfs|mysky|MYSKY|observing_notes|count_notes")
OF_TOOLS = {"pipx", "SCHEMAS"}
QUOTED = re.compile(r"`([^`\n]+)`")
FENCED = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)


@cache
def words() -> frozenset[str]:
    """Every word of the code."""
    files = [path for folder in SOURCES for path in (PROJECT_DIR / folder).rglob("*") if path.suffix in READ]
    files += [PROJECT_DIR / name for name in ("pyproject.toml", "Makefile", ".pre-commit-config.yaml", "uv.lock")]
    own = [path for path in files if path.parent != Path(__file__).parent]
    return frozenset(word for path in own for word in re.findall(r"\w+", path.read_text(errors="replace")))


def quoted(page: Path) -> list[str]:
    """Return what a page has in backticks, code blocks left out."""
    return QUOTED.findall(FENCED.sub("", page.read_text()))


def is_path(token: str) -> bool:
    return bool(re.fullmatch(r"\.?[\w.-]+(/[\w.<>*-]*)+|[\w-]+\.(py|md|toml|yaml|lock)", token))


def is_there(token: str, page: Path) -> bool:
    """Tell whether a path is in the repository; a file's bare name may be that of any file."""
    if OF_A_HOME.match(token) or "~" in token:
        return True
    pattern = re.sub(r"<[^>]*>", "*", token).rstrip("/")
    roots = (PROJECT_DIR, page.parent)
    found = any(True for root in roots for _ in root.glob(pattern))
    return found or ("/" not in pattern and any((PROJECT_DIR / folder).rglob(pattern) for folder in SOURCES))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_a_page_names_are_there(page: Path) -> None:
    named = {token for token in quoted(page) if is_path(token) and not EXAMPLES.search(token)}
    assert {token for token in named if not is_there(token, page)} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_names_that_a_page_uses_are_in_the_code(page: Path) -> None:
    tokens = [token for token in quoted(page) if not is_path(token) and not EXAMPLES.search(token)]
    used = {word for token in tokens for word in re.findall(r"[A-Za-z_]\w{2,}", re.sub(r"<[^>]*>", " ", token))}
    assert used - words() - OF_TOOLS == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_modules_that_a_page_names_are_there(page: Path) -> None:
    named = {token for token in quoted(page) if re.fullmatch(r"(fink_lib|expectations)(\.\w+)+", token)}
    assert {token for token in named if module_in(PROJECT_DIR, token) != token} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def defined(path: Path) -> set[str]:
    """Return functions and classes of a file, methods as ``Class.method``."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
            inner = [one for one in getattr(node, "body", ()) if isinstance(one, ast.FunctionDef)]
            found |= {f"{node.name}.{one.name}" for one in inner}
    return found


def test_the_alert_is_followed_through_functions_that_are_where_it_says() -> None:
    table = re.findall(r"^\| `(fink_lib/[^`]+)` \| ([^|]+) \|", (DOCS / "architecture.md").read_text(), re.MULTILINE)
    rows = [(path, name) for path, names in table for name in QUOTED.findall(names)]
    assert len(rows) > 30
    assert [(path, name) for path, name in rows if name not in defined(PROJECT_DIR / path)] == []


def test_the_layers_are_those_of_the_linter() -> None:
    block = re.search(r"```layers\n(.*?)```", (DOCS / "architecture.md").read_text(), re.DOTALL)
    assert block
    (layers,) = (one["layers"] for one in contracts(PROJECT_DIR) if one["type"] == "layers")
    assert block[1].splitlines() == layers


def test_every_decision_is_in_the_index_and_has_its_three_parts() -> None:
    index = (DECISIONS / "README.md").read_text()
    records = sorted(DECISIONS.glob("[0-9]*.md"))
    assert [path.name[:4] for path in records] == [f"{number:04d}" for number in range(1, len(records) + 1)]
    for path in records:
        text = path.read_text()
        title = text.splitlines()[0].removeprefix("# ")
        assert f"[{title}]({path.name})" in index
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequence"]


def test_the_readme_leads_to_the_pages() -> None:
    readme = (PROJECT_DIR / "README.md").read_text()
    for name in ("CONTRIBUTING.md", "docs/architecture.md", "docs/decisions/README.md", "docs/glossary.md"):
        assert f"]({name})" in readme
