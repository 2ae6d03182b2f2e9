"""How high tonight, beside astropy; one answer for follow-up and the portal; one list of sites."""

import datetime as dt

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import AltAz, EarthLocation, SkyCoord, get_body
from astropy.time import Time
from astropy.utils import iers

from fink_lib.followup.course import course, noon_before
from fink_lib.followup.observability import Limits, observability
from fink_lib.followup.sites import SITES
from fink_lib.portal.observability import tonight
from fink_lib.surveys import SURVEYS

NIGHTS = [dt.date(2019, 3, 2), dt.date(2026, 6, 1), dt.date(2023, 11, 30)]
PLACES = [(255.0, 11.0), (10.0, -45.0), (130.0, 80.0)]


@pytest.fixture(autouse=True)
def without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iers.conf, "auto_download", False)
    monkeypatch.setattr(iers.conf, "iers_degraded_accuracy", "ignore")


@pytest.mark.parametrize("night", NIGHTS)
@pytest.mark.parametrize("name", ["palomar", "siding-spring"])
def test_altitudes_are_those_of_astropy(name: str, night: dt.date) -> None:
    site = SITES[name]
    at = noon_before(night, site) + np.arange(0.0, 86_400.0, 3600.0)
    where = EarthLocation.from_geodetic(site.longitude_deg * u.deg, site.latitude_deg * u.deg, site.height_m * u.m)
    times = Time(at, format="unix")
    frame = AltAz(obstime=times, location=where)
    moon, sun = (get_body(body, times, where).transform_to(frame) for body in ("moon", "sun"))
    for ra, dec in PLACES:
        ours, place = course(ra, dec, site, at), SkyCoord(ra * u.deg, dec * u.deg).transform_to(frame)
        assert np.abs(ours.target_deg - place.alt.deg).max() < 0.02
        assert np.abs(ours.sun_deg - sun.alt.deg).max() < 0.05
        assert np.abs(ours.moon_deg - moon.alt.deg).max() < 0.4
        assert np.abs(ours.moon_distance_deg - moon.separation(place).deg).max() < 0.4


def test_follow_up_and_the_portal_say_the_same() -> None:
    site, night = SITES["maunakea"], dt.date(2026, 6, 1)
    shown, found = tonight(255.0, 11.0, site, night), observability(255.0, 11.0, site, night, Limits())
    assert found.best_airmass == pytest.approx(1.0 / np.sin(np.radians(max(shown.target))), abs=1e-3)
    assert found.best_at is not None
    highest = shown.begin + dt.timedelta(hours=shown.hours[int(np.argmax(shown.target))])
    assert abs(found.best_at - highest) <= dt.timedelta(minutes=10)
    assert found.moon_deg == pytest.approx(shown.moon_distance_deg, abs=2.0), "the Moon moves half a degree an hour"
    assert found.moon_lit == pytest.approx(shown.moon_lit, abs=0.02)


def test_one_list_of_sites() -> None:
    assert len({site.name for site in SITES.values()}) == len(SITES)
    for survey in SURVEYS.values():
        assert survey.calendar.site in SITES.values(), "a night is chosen and ended by one position"
    places = np.array([(site.longitude_deg, site.latitude_deg) for site in SITES.values()])
    apart = np.abs(places[:, None] - places[None]).max(axis=2) + 9.0 * np.eye(len(places))
    assert apart.min() > 0.05, "no observatory stands twice under two names"
