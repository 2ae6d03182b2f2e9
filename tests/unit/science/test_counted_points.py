"""Which points of a history count: each once, none later than the alert, none without a number."""

import numpy as np
import pytest
from science_bench import NAN, batch_of
from test_batch_builder import formed, packet, point

from fink_lib.science.cases.detections import count_detections
from fink_lib.science.framework.registry import modules_of

OWN = {"jd": 10.0, "fid": 1, "magpsf": 18.5, "isdiffpos": "t", "ra": 1.0}


def test_a_point_that_is_there_twice_counts_once() -> None:
    batch = formed(packet(1, [OWN, point(9.0), point(8.0), point(9.0)]), packet(2, [OWN]))
    assert batch.history("time").of(0).tolist() == [8.0, 9.0, 10.0]
    assert batch.history("time").of(1).tolist() == [10.0]
    assert batch.history("mag").of(0)[-1] == OWN["magpsf"]
    assert count_detections(batch).tolist() == [3, 1]


def test_upper_limits_are_told_apart_by_their_limits() -> None:
    limits = [{**point(9.0, mag=None), "diffmaglim": limit} for limit in (20.5, 20.5, 20.6)]
    assert formed(packet(1, limits)).history("time").of(0).tolist() == [9.0, 9.0, 10.0]


def test_two_detections_of_one_exposure_are_two_points() -> None:
    """As in real packets of ZTF: a source is detected twice, a pixel apart, with the same magnitude."""
    twice = [{**point(9.0), "ra": 1.0, "dec": 2.0}, {**point(9.0), "ra": 1.0001, "dec": 2.0}]
    assert count_detections(formed(packet(1, twice))).tolist() == [3]


@pytest.mark.parametrize("when", [10.000001, 11.0, NAN, float("inf"), float("-inf"), None])
def test_a_point_that_is_not_known_to_be_earlier_does_not_count(when: float | None) -> None:
    batch = formed(packet(1, [{**point(9.0), "jd": when}, point(8.0)]), packet(2, [point(9.0)]))
    assert batch.history("time").of(0).tolist() == [8.0, 10.0]
    assert batch.history("time").of(1).tolist() == [9.0, 10.0]


@pytest.mark.parametrize("infinity", [float("inf"), float("-inf")])
def test_infinity_is_read_as_missing(infinity: float) -> None:
    batch = formed(packet(1, [point(9.0, mag=infinity)], ra=infinity, magpsf=infinity))
    assert np.isnan(batch.histories["mag"]).all()
    assert np.isnan(batch.scalars["ra"]).all()


def test_what_counts_does_not_depend_on_the_modules_that_run() -> None:
    alert = {**packet(1, [OWN, {**OWN, "ra": 1.0001}]), "diaSourceId": 1}
    few = batch_of([alert], modules_of("ztf", ["detections"]))
    many = batch_of([alert], modules_of("ztf"))
    assert few.offsets.tolist() == many.offsets.tolist() == [0, 2]
