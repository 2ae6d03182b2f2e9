"""Points of light curves, against numbers worked out by hand and by astropy."""

import pytest
from astropy import units as u

from fink_lib.portal.chart import HEIGHT, WIDTH, chart
from fink_lib.portal.curves import Point, magnitude, points_of
from fink_lib.portal.searching import place_of
from fink_lib.surveys import get_survey

ZTF, LSST = get_survey("ztf"), get_survey("lsst")
ALERT = {"i:jd": 2459540.5, "i:fid": 2, "i:magpsf": 18.0, "i:sigmapsf": 0.1, "i:diffmaglim": 20.0, "i:candid": 5,
         "i:magnr": 18.0, "i:sigmagnr": 0.0, "i:distnr": 0.5, "i:isdiffpos": "t"}  # fmt: skip


def test_the_total_of_two_equal_fluxes_is_brighter_by_their_ratio() -> None:
    (point,) = points_of(ZTF, [ALERT])
    assert (point.band, point.alert_id, point.difference, point.is_fainter) == ("r", "5", (18.0, 0.1), False)
    assert point.total[0] == pytest.approx(18.0 - 0.752575)  # 2.5 log10(2)
    assert point.total[1] == pytest.approx(0.05)


@pytest.mark.parametrize("change", [{"i:distnr": 2.0}, {"i:magnr": None}, {"i:isdiffpos": "f"}])
def test_there_is_no_total_where_the_source_behind_is_another_or_nothing_is_left(change: dict[str, object]) -> None:
    (point,) = points_of(ZTF, [{**ALERT, **change}])
    assert point.total[0] is None
    assert point.is_fainter == ("i:isdiffpos" in change)


def test_points_beside_alerts_are_limits_or_history() -> None:
    limit = {"i:jd": 2459539.5, "i:fid": 1, "i:magpsf": None, "i:diffmaglim": 19.5, "d:tag": "upperlim"}
    weak = {"i:jd": 2459538.5, "i:fid": 3, "i:magpsf": 19.0, "i:sigmapsf": 0.2, "d:tag": "badquality"}
    first, second, third = points_of(ZTF, [ALERT, limit, weak])
    assert (first.band, first.difference, first.alert_id, first.limit) == ("i", (19.0, 0.2), None, None)
    assert (second.band, second.limit, second.difference[0]) == ("g", 19.5, None)
    assert third.alert_id == "5"


def test_fluxes_are_ab_magnitudes() -> None:
    difference = {"r:psfFlux": -1000.0, "r:psfFluxErr": 10.0}
    total = {"r:scienceFlux": 3631.0, "r:scienceFluxErr": None}
    row = {"r:midpointMjdTai": 61100.1, "r:band": "y", "r:diaSourceId": 2**60, **difference, **total}
    (point,) = points_of(LSST, [row])
    assert point.difference[0] == pytest.approx((1000.0 * u.nJy).to_value(u.ABmag), abs=1e-3)
    assert point.difference[1] == pytest.approx(0.010857)
    assert point.total == (pytest.approx(22.5, abs=1e-3), None)
    assert (point.band, point.is_fainter, point.alert_id) == ("y", True, str(2**60))
    assert magnitude(0.0, 1.0) == magnitude(None, None) == magnitude(float("nan"), 1.0) == (None, None)


def test_brighter_and_later_stand_higher_and_to_the_right() -> None:
    points = [
        Point(10.0, "g", "1", (19.0, 0.2)),
        Point(12.0, "r", "2", (18.0, None)),
        Point(9.0, "g", None, limit=20.0),
    ]
    made = chart(points, "difference", "Difference")
    assert made is not None
    limit, faint, bright = made.marks
    assert limit.x < faint.x < bright.x
    assert bright.y < faint.y < limit.y
    assert (faint.bottom - faint.y) == pytest.approx(faint.y - faint.top)
    assert bright.top == bright.y == bright.bottom
    assert all(0 < mark.x < WIDTH and 0 < mark.y < HEIGHT for mark in made.marks)
    assert chart(points, "total", "Total") is None
    assert made.summary == "Difference: 2 points, 1 upper limits, bands g, r"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("49.1551 44.1449", ("49.1551", "44.1449", "5")),
        (" 49.1551,-44.1449, 30 ", ("49.1551", "-44.1449", "30")),
        ("03:16:37.2 +44:08:41.6", ("03:16:37.2", "+44:08:41.6", "5")),
        ("03 16 37.2 -00 08 41.6 10", ("03:16:37.2", "-00:08:41.6", "10")),
        ("3h16m37.2s 44d08m41.6s", ("3h16m37.2s", "44d08m41.6s", "5")),
        ("ZTF21acoshvy", None),
        ("star 5", None),
        ("123456", None),
        ("1 2 3 4", None),
    ],
)
def test_places_are_read_as_they_are_written(text: str, place: tuple[str, str, str] | None) -> None:
    assert place_of(text) == place
