"""The page of wishes: fifteen of them, and each address that it names is a route."""

import re

import pytest
from starlette.routing import Route

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.portal.server import whole_app

PAGE = (PROJECT_DIR / "docs" / "wishes.md").read_text()
ADDRESS = re.compile(r"`(/[a-z][^`?]*)`")


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    return paths_of(whole_app(Settings(home=tmp_path_factory.mktemp("wishes") / "home")).routes)


def paths_of(routes: object) -> set[str]:
    """Return the paths of an application, those of its routers too."""
    found = set[str]()
    for one in routes if isinstance(routes, list) else []:
        found |= {one.path} if isinstance(one, Route) else paths_of(getattr(one, "routes", []))
    return found


def test_every_wish_is_told() -> None:
    assert re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE) == [str(number) for number in range(1, 16)]


def test_what_it_names_is_there(routes: set[str]) -> None:
    named = set(ADDRESS.findall(PAGE))
    assert len(named) >= 12
    assert named - routes == set()
