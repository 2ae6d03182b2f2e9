"""Reddening and extinction: beside other code's coordinates, and what a pixel of 0.9 degrees does not tell."""

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from science_bench import one_alert

from fink_lib.science.cases import extinction
from fink_lib.science.framework.base import ModuleResult
from fink_lib.science.methods.reddening import DustMap, load_map
from fink_lib.sky import galactic

NAN = float("nan")


@pytest.fixture(scope="module")
def dust() -> DustMap:
    return load_map()


def told(dust: DustMap, ra: float, dec: float, band: float = 2.0) -> tuple[dict[str, float], list[str]]:
    found: ModuleResult = extinction.compute(one_alert({"ra": ra, "dec": dec, "band": band}), dust)
    values = {name: column[0].as_py() if hasattr(column[0], "as_py") else float(column[0])
              for name, column in found.columns.items()}  # fmt: skip
    return values, [why for flags, why in found.not_run if flags[0]]


def test_galactic_coordinates_are_those_of_astropy() -> None:
    draw = np.random.default_rng(1)
    ra, dec = draw.uniform(0.0, 360.0, 500), np.degrees(np.arcsin(draw.uniform(-1.0, 1.0, 500)))
    expected = SkyCoord(ra * units.deg, dec * units.deg).galactic
    found = SkyCoord(*(values * units.deg for values in galactic(ra, dec)), frame="galactic")
    assert found.separation(expected).arcsec.max() < 0.1


def test_the_pole_is_clear_and_the_plane_is_not(dust: DustMap) -> None:
    pole, _ = told(dust, 192.859, 27.128)
    assert 0.005 < pole["ebv"] < 0.03
    assert pole["is_low_latitude"] is False
    centre, _ = told(dust, 266.405, -28.936)  # the Galactic centre
    assert centre["ebv"] > 5.0
    assert centre["is_low_latitude"] is True
    assert centre["ebv_err"] > pole["ebv_err"] > 0.0


def test_the_pixel_is_0_9_degrees_and_what_lies_in_it_is_alike(dust: DustMap) -> None:
    assert dust.pixel_deg == pytest.approx(0.916, abs=0.001)
    near = dust.at(np.array([150.0, 150.001]), np.array([2.2, 2.201]))[0]
    assert near[0] == near[1]


@pytest.mark.parametrize(("band", "per_ebv"), [(0, 4.145), (1, 3.237), (2, 2.273), (3, 1.684), (4, 1.323), (5, 1.088)])
def test_extinctions_are_those_of_the_paper_s_table(dust: DustMap, band: int, per_ebv: float) -> None:
    found, _ = told(dust, 150.0, 2.2, band)
    assert found["extinction_mag"] == pytest.approx(per_ebv * found["ebv"])
    assert found["extinction_mag_err"] == pytest.approx(per_ebv * found["ebv_err"])


def test_without_a_place_or_a_band_there_is_nothing_to_correct(dust: DustMap) -> None:
    found, reasons = told(dust, NAN, 2.0)
    assert reasons == ["the position is not known"]
    assert all(value is None or np.isnan(value) for value in found.values())
    found, reasons = told(dust, 150.0, 2.0, -1.0)
    assert reasons == []
    assert np.isnan(found["extinction_mag"])
    assert found["ebv"] > 0.0
