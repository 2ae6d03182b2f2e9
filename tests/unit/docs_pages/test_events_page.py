"""The last section of the page on events says what the broker's own code finds beside a real night."""

import json
from pathlib import Path
from typing import Any

import pytest

from fink_lib.config import Settings
from fink_lib.docs_pages.event_night import measured
from fink_lib.docs_pages.events import BEGIN, FIGURES, PAGE, page, section

CLOSE, ZERO = 1e-3, 1e-12  # figures are kept with four digits


def figures() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(FIGURES.read_text())
    return loaded


def test_the_section_is_made_of_the_figures() -> None:
    assert PAGE.read_text() == page(PAGE.read_text(), figures()), "run `python -m fink_lib.docs_pages.events`"


def test_other_figures_give_another_section() -> None:
    for name in ("searches", "matches", "superevent"):
        assert section({**figures(), name: figures()[name][1:]}) != section(figures())


def test_a_page_without_the_mark_is_refused() -> None:
    with pytest.raises(ValueError, match="nobody knows where the section begins"):
        page(PAGE.read_text().replace(BEGIN, ""), figures())


@pytest.fixture(scope="module")
def now(shared_data: Path) -> dict[str, Any]:
    return measured(shared_data, Settings().cache)


def test_the_figures_are_those_of_the_notices_and_alerts_at_hand(now: dict[str, Any]) -> None:
    """Run `python -m fink_lib.docs_pages.events DATA` where the method has changed, and say why in its commit."""
    then = figures()
    assert set(now) == set(then)
    for name in ("alerts", "new_sources", "notices"):
        assert now[name] == then[name]
    for name in ("searches", "matches", "superevent"):
        assert len(now[name]) == len(then[name])
        for one, other in zip(now[name], then[name], strict=True):
            assert_alike(one, other)


def assert_alike(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert set(one) == set(other)
    for name, value in one.items():
        if isinstance(value, list):
            for inner, its_like in zip(value, other[name], strict=True):
                assert_alike(inner, its_like)
        else:
            assert value == (
                pytest.approx(other[name], rel=CLOSE, abs=ZERO) if isinstance(value, float) else other[name]
            )


def test_what_a_superevent_says_changes_with_its_notices(now: dict[str, Any]) -> None:
    initial, update, gone = now["superevent"]
    names = [{row["object_id"] for row in one["found"]} for one in (initial, update, gone)]
    assert names[0]
    assert names[0] != names[1] == names[2]
    assert [one["retracted"] for one in (initial, update, gone)] == [False, False, True]


def test_no_probability_is_outside_of_its_range(now: dict[str, Any]) -> None:
    for row in now["matches"]:
        assert 0.0 < row["chance"] <= row["chance_night"] * (1.0 + 1e-3)
        assert row["chance_night"] <= 1.0
        assert 0.0 < row["rank"] <= 0.95
