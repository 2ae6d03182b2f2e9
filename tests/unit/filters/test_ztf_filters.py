"""Each filter on alerts made so that one condition at a time decides."""

from typing import Any

import numpy as np
import pytest

from fink_lib.filters.base import Filter, answer
from fink_lib.filters.ztf import bright_transients, sso_fink_candidates, sso_ztf_candidates, variable_stars

TRANSIENT: dict[str, Any] = {
    "candidate.magpsf": 17.9,
    "candidate.rb": 0.9,
    "candidate.drb": 0.99,
    "candidate.isdiffpos": "t",
    "candidate.sgscore1": 0.01,
    "candidate.distpsnr1": 1.4,
    "candidate.neargaiabright": -999.0,
    "candidate.maggaiabright": -999.0,
    "roid": 1.0,
    "gcvs_sep_arcsec": np.nan,
    "vsx_sep_arcsec": np.nan,
}


def verdict(chosen: Filter, **values: Any) -> bool:
    """Ask a filter about one alert."""
    batch = {}
    for name in chosen.inputs:
        value = values[name]
        batch[name] = np.array([value], dtype=np.float32 if isinstance(value, float) else object)
    return bool(answer(chosen, batch, 1)[0])


@pytest.mark.parametrize(("roid", "known", "candidate"), [(0, 0, 0), (1, 0, 0), (2, 0, 1), (3, 1, 0), (np.nan, 0, 0)])
def test_roid_decides_between_known_and_possible_solar_system_objects(roid: float, known: int, candidate: int) -> None:
    assert verdict(sso_ztf_candidates.FILTER, roid=float(roid)) == bool(known)
    assert verdict(sso_fink_candidates.FILTER, roid=float(roid)) == bool(candidate)


@pytest.mark.parametrize(
    ("gcvs", "vsx", "expected"), [(np.nan, np.nan, 0), (0.3, np.nan, 1), (np.nan, 0.0, 1), (0.3, 0.2, 1)]
)
def test_a_match_in_either_catalogue_makes_a_variable_star(gcvs: float, vsx: float, expected: int) -> None:
    assert verdict(variable_stars.FILTER, gcvs_sep_arcsec=gcvs, vsx_sep_arcsec=vsx) == bool(expected)


def test_a_bright_transient_is_one() -> None:
    assert verdict(bright_transients.FILTER, **TRANSIENT)
    assert verdict(bright_transients.FILTER, **{**TRANSIENT, "candidate.isdiffpos": "1"})


@pytest.mark.parametrize(
    "change",
    [
        {"candidate.magpsf": 18.5},
        {"candidate.magpsf": np.nan},
        {"candidate.drb": 0.49},
        {"candidate.drb": np.nan, "candidate.rb": 0.6},
        {"candidate.drb": np.nan, "candidate.rb": np.nan},
        {"candidate.isdiffpos": "f"},
        {"candidate.isdiffpos": None},
        {"candidate.sgscore1": 0.9},
        {"candidate.neargaiabright": 12.0, "candidate.maggaiabright": 9.0},
        {"roid": 2.0},
        {"roid": 3.0},
        {"gcvs_sep_arcsec": 0.0},
        {"vsx_sep_arcsec": 1.2},
    ],
    ids=str,
)
def test_one_failed_condition_is_enough_to_keep_it_back(change: dict[str, Any]) -> None:
    assert not verdict(bright_transients.FILTER, **{**TRANSIENT, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"candidate.sgscore1": 0.9, "candidate.distpsnr1": 2.5},
        {"candidate.sgscore1": -999.0, "candidate.distpsnr1": -999.0},
        {"candidate.neargaiabright": 25.0, "candidate.maggaiabright": 9.0},
        {"candidate.drb": np.nan},
    ],
    ids=str,
)
def test_what_is_far_away_or_absent_does_not_keep_it_back(change: dict[str, Any]) -> None:
    assert verdict(bright_transients.FILTER, **{**TRANSIENT, **change})
