"""Planted brightenings are what they say they are: of a seed, of ZTF's cadence, of the lensing formula."""

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from fink_lib.science.planting.brightenings import EVENT, KINDS, Source, event, flux_of
from fink_lib.science.planting.lensing import PACKET_DAYS, POINTS_MIN, SEED_HELD_OUT, SEED_TUNING, plant_brightenings


def test_a_seed_decides_every_number() -> None:
    one, again, other = (plant_brightenings(2, seed) for seed in (5, 5, 6))
    for name, values in one.batch.histories.items():
        np.testing.assert_array_equal(values, again.batch.histories[name])
    assert not np.array_equal(one.batch.histories["mag"][:10], other.batch.histories["mag"][:10])
    assert SEED_HELD_OUT != SEED_TUNING


def test_every_object_has_the_points_and_no_more_than_a_packet_holds() -> None:
    planted = plant_brightenings(3, 5)
    assert {kind: int((planted.kind == kind).sum()) for kind in KINDS} == dict.fromkeys(KINDS, 3)
    time, band = planted.batch.history("time"), planted.batch.history("band")
    for row in range(len(planted.batch)):
        assert np.ptp(time.of(row)) <= PACKET_DAYS
        assert np.unique(band.of(row), return_counts=True)[1].min() >= POINTS_MIN
        assert (np.diff(time.of(row)) >= 0).all()


@pytest.mark.parametrize(("impact", "gain"), [(1.0, 1.3416), (0.5, 2.1828), (0.1, 10.0374)])
def test_an_event_is_magnified_as_paczynski_says(impact: float, gain: float) -> None:
    """Magnifications at the peak are those of the table in Paczynski 1986, by hand: (u^2+2) / (u sqrt(u^2+4))."""

    ranges = {(0.01, 0.5): impact}
    fixed = SimpleNamespace(uniform=lambda low, high: ranges.get((low, high), low), random=lambda: 0.0)
    star: Source = event(cast("np.random.Generator", fixed))
    assert star.einstein_days == pytest.approx(5.0)
    assert star.flux(np.array([0.0]), 1)[0] / flux_of(16.0) == pytest.approx(gain, rel=1e-4)
    assert star.flux(np.array([500.0]), 1)[0] / flux_of(16.0) == pytest.approx(1.0, rel=1e-4)


def test_only_events_know_a_time_scale() -> None:
    planted = plant_brightenings(2, 5)
    assert np.isfinite(planted.einstein_days[planted.kind == EVENT]).all()
    assert np.isnan(planted.einstein_days[planted.kind != EVENT]).all()
