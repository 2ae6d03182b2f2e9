"""Latitudes, airmass and distances, beside astropy's."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import AltAz, EarthLocation, SkyCoord
from astropy.cosmology import FlatLambdaCDM
from astropy.time import Time
from astropy.utils import iers

from fink_lib.science.methods.distance import luminosity_distance_mpc
from fink_lib.sky import airmass, ecliptic_latitude, galactic_latitude
from fink_lib.surveys.lsst.survey import CERRO_PACHON

RA = np.random.default_rng(1).uniform(0.0, 360.0, 50)
DEC = np.degrees(np.arcsin(np.random.default_rng(2).uniform(-1.0, 1.0, 50)))
SKY = SkyCoord(RA, DEC, unit="deg")


def test_latitudes_are_those_of_astropy() -> None:
    assert galactic_latitude(RA, DEC) == pytest.approx(SKY.galactic.b.deg, abs=1e-4)
    ecliptic = SKY.transform_to("barycentricmeanecliptic").lat.deg
    assert ecliptic_latitude(RA, DEC) == pytest.approx(ecliptic, abs=1e-4)


def test_airmass_is_that_of_astropy_within_its_stated_error() -> None:
    mjd = np.linspace(61000.0, 61200.0, 50)
    site = EarthLocation.from_geodetic(CERRO_PACHON.longitude_deg, CERRO_PACHON.latitude_deg, CERRO_PACHON.height_m)
    with iers.conf.set_temp("auto_download", False), iers.conf.set_temp("iers_degraded_accuracy", "ignore"):
        frame = AltAz(obstime=Time(mjd, format="mjd", scale="tai"), location=site)
        expected = SKY.transform_to(frame).secz.value
    ours = airmass(RA, DEC, mjd, CERRO_PACHON)
    seen = (expected > 0.0) & (expected < 2.0)
    assert seen.sum() > 5
    assert ours[seen] == pytest.approx(expected[seen], abs=0.02)
    assert np.isnan(ours[expected < -1.2]).all()


def test_distances_are_those_of_astropy() -> None:
    redshift = np.array([0.001, 0.05, 0.3, 1.0, 5.0])
    expected = FlatLambdaCDM(70.0, 0.3).luminosity_distance(redshift).to(u.Mpc).value
    assert luminosity_distance_mpc(redshift) == pytest.approx(expected, rel=2e-4)
    assert np.isnan(luminosity_distance_mpc(np.array([0.0, -1.0, np.nan]))).all()
