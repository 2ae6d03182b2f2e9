"""Sun, Moon and airmass of a night beside astropy."""

import datetime as dt

import numpy as np
import pytest
from astropy.coordinates import get_body, get_sun
from astropy.time import Time

from fink_lib.errors import ConfigError
from fink_lib.followup.moon import illuminated_share, moon_position_deg
from fink_lib.followup.observability import Limits, observability
from fink_lib.followup.sites import SITES, site_of
from fink_lib.sky import separation_deg, sun_position

TIMES = np.array([Time(f"20{year}-0{month}-11T03:00:00").unix for year in range(20, 27) for month in (1, 4, 9)])


def test_the_moon_stands_where_astropy_has_it() -> None:
    moon = get_body("moon", Time(TIMES, format="unix"), ephemeris="builtin")
    ra, dec = moon_position_deg(TIMES)
    assert separation_deg(ra, dec, moon.ra.deg, moon.dec.deg).max() < 0.75  # precession since 2000 is 0.4 of it


def test_the_sun_stands_where_astropy_has_it() -> None:
    sun = get_sun(Time(TIMES, format="unix"))
    ra, dec = np.degrees(sun_position(TIMES))
    assert separation_deg(ra, dec, sun.ra.deg, sun.dec.deg).max() < 0.45  # the same precession


def test_how_much_of_the_moon_is_lit() -> None:
    """New Moon 2026-01-18 19:52 UTC, full Moon 2026-02-01 22:09 UTC (US Naval Observatory)."""
    at = [dt.datetime(2026, 1, 18, 20, tzinfo=dt.UTC), dt.datetime(2026, 2, 1, 22, tzinfo=dt.UTC)]
    new, full = illuminated_share(np.array([one.timestamp() for one in at]))
    assert new < 0.005
    assert full > 0.995


def test_a_place_that_passes_overhead() -> None:
    site = SITES["siding-spring"]
    found = observability(120.0, site.latitude_deg, site, dt.date(2026, 1, 20), Limits())
    assert found.best_airmass == pytest.approx(1.0, abs=0.001)
    assert found.is_observable
    assert 400 < found.minutes <= found.dark_minutes < 600
    assert found.begins is not None
    assert found.ends is not None
    assert found.begins < found.best_at < found.ends  # type: ignore[operator]


def test_why_it_cannot_be_observed() -> None:
    night, south = dt.date(2026, 1, 20), SITES["siding-spring"]
    assert observability(120.0, 80.0, south, night, Limits()).reasons == (
        "it stays above an airmass of 2 while it is dark",
    )
    full = dt.datetime(2026, 2, 1, 14, tzinfo=dt.UTC)
    ra, dec = moon_position_deg(np.array([full.timestamp()]))
    near = observability(float(ra[0]), float(dec[0]), south, full.date(), Limits(max_airmass=3.0))
    assert near.moon_deg < 5
    assert near.moon_lit > 0.99
    assert near.reasons == ("the Moon is closer than 30 degrees",)
    short = observability(120.0, -30.0, south, night, Limits(min_minutes=1000.0))
    assert short.reasons[0].startswith("all limits hold for ")
    assert short.as_json()["night"] == "2026-01-20"
    with pytest.raises(ConfigError, match="no site 'atlantis'"):
        site_of("atlantis")


def test_where_it_does_not_get_dark() -> None:
    from fink_lib.sky import Site

    arctic = Site("Tromso", 18.95, 69.65, 0.0)
    assert observability(0.0, 60.0, arctic, dt.date(2026, 6, 21), Limits()).reasons == ("it does not get dark",)
