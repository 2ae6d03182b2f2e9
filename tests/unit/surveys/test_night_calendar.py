"""When a night is over: the Sun's rising where the telescope stands, as astropy has it."""

import datetime as dt

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import AltAz, EarthLocation, get_sun
from astropy.time import Time
from astropy.utils import iers

from fink_lib.sky import Site, sun_altitude_deg, sunrise
from fink_lib.surveys import SURVEYS, get_survey
from fink_lib.surveys.calendar import night_ends_at


@pytest.mark.parametrize("name", ["ztf", "lsst"])
def test_the_suns_altitude_is_astropys(name: str) -> None:
    site = get_survey(name).calendar.site
    first, last = (dt.datetime(year, 1, 1, tzinfo=dt.UTC).timestamp() for year in (2018, 2021))
    unix_s = np.linspace(first, last, 300)
    place = EarthLocation(lon=site.longitude_deg * u.deg, lat=site.latitude_deg * u.deg, height=0 * u.m)
    with iers.conf.set_temp("auto_download", value=False), iers.conf.set_temp("iers_degraded_accuracy", "ignore"):
        when = Time(unix_s, format="unix")
        theirs = get_sun(when).transform_to(AltAz(obstime=when, location=place)).alt.deg
    assert np.abs(sun_altitude_deg(unix_s, site) - theirs).max() < 0.05


@pytest.mark.parametrize("name", sorted(SURVEYS))
def test_a_night_ends_at_dawn_within_its_own_day(name: str) -> None:
    survey = get_survey(name)
    for month in range(1, 13):
        night = dt.date(2026, month, 15)
        end_s = night_ends_at(survey, night)
        site, local = survey.calendar.site, dt.datetime.fromtimestamp(end_s, dt.UTC)
        solar_h = (local.hour + local.minute / 60.0 + site.longitude_deg / 15.0) % 24.0
        assert 4.5 < solar_h < 7.5
        observed = end_s / 86_400.0 - survey.night.days_to_epoch + survey.night.offset_h / 24.0
        assert survey.night.night_of(observed - 0.1) == night


def test_where_the_sun_does_not_rise_a_night_ends_with_its_day() -> None:
    begin_s = dt.datetime(2026, 12, 21, tzinfo=dt.UTC).timestamp()
    assert sunrise(Site("Concordia", 123.3, -75.1, 3233.0), begin_s, begin_s + 86_400) is None
