"""What a page reads of the files of `sources`: a light curve once, and counts once a version however many nights."""

import pyarrow as pa
import pytest

from fink_lib.api.engine import Engine
from fink_lib.lake.tables import gold_sources
from fink_lib.portal.nights import closings
from tests.builders.served_home import NIGHT
from tests.unit.portal.conftest import Portal

SOURCES = gold_sources("ztf", pa.schema([])).full_name


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The questions that read files of `sources`."""
    told: list[str] = []
    for name in ("table", "stream"):
        whole = getattr(Engine, name)

        def noted(self: Engine, query: str, *, whole: object = whole, **frames: object) -> object:
            if SOURCES in query:
                told.append(query)
            return whole(self, query, **frames)  # type: ignore[operator]  # a method

        monkeypatch.setattr(Engine, name, noted)
    return told


@pytest.mark.parametrize("path", ["/", "/nights", f"/night/ztf/{NIGHT}", "/statistics", "/transfers"])
def test_counts_are_worked_out_once_a_version(portal: Portal, asked: list[str], path: str) -> None:
    assert closings(portal.settings.lake), "a night is closed: numbers that are hidden are counted for it"
    portal.http.get(path)
    asked.clear()
    assert portal.http.get(path).status_code == 200
    assert asked == []


def test_the_light_curve_of_an_object_is_read_once(portal: Portal, asked: list[str]) -> None:
    name = portal.packets[1]["objectId"]
    assert portal.http.get(f"/object/ztf/{name}").status_code == 200
    assert len([one for one in asked if f"'{name}'" in one]) == 1
