"""Pictures of what is uploaded: facts that a program gave as it liked fail no page."""

from typing import Any

import pytest

from fink_lib.community.draft import Draft
from fink_lib.portal.uploaded import picture_of

GOOD = {"mjd": 59000.0, "value": 18.5, "band": "g"}


def said(kind: str, **body: Any) -> dict[str, Any]:
    facts = {"survey": "ztf", "object_id": "ZTF21acoshvy", "kind": kind, "body": {"instrument": "x", **body}}
    return {"kind": kind, "body": Draft.of(facts).checked_body}


@pytest.mark.parametrize(
    "point",
    [
        {"value": 1.0},
        {"mjd": "now", "value": 1.0},
        {"mjd": 59000.0, "value": "bright"},
        {"mjd": 59000.0, "value": None},
        {"mjd": 59000.0, "limit": True},
        {"mjd": 59000.0},
    ],
)
def test_a_point_that_cannot_be_drawn_is_left_out(point: dict[str, Any]) -> None:
    assert picture_of(said("photometry", unit="mag", points=[point])) is None
    drawn = picture_of(said("photometry", unit="mag", points=[GOOD, point]))
    assert drawn is not None
    assert (len(drawn.marks), drawn.title) == (1, "Photometry of x: 1 points, 0 upper limits, g")


def test_a_limit_stands_for_a_value_that_is_null_and_a_band_may_be_a_number() -> None:
    points = [GOOD, {"mjd": 59001.0, "value": None, "limit": 20.0, "band": 2}]
    drawn = picture_of(said("photometry", unit="mag", points=points))
    assert drawn is not None
    assert [is_limit for _, _, is_limit in drawn.marks] == [False, True]
    assert drawn.title.endswith("1 points, 1 upper limits, 2, g")


def test_a_spectrum_whose_columns_differ_in_length_is_not_drawn() -> None:
    facts = {"observed_at": "2026-01-20T03:04:00Z", "wavelength_unit": "Angstrom", "wavelength": [1.0, 2.0, 3.0]}
    assert picture_of(said("spectrum", **facts, flux=[1.0, 2.0])) is None
    assert picture_of(said("spectrum", **facts, flux=[1.0, 2.0, 1.0])) is not None
