"""Light curves of surveys in common units: expected values from the definitions and from astropy."""

from typing import Any

import pytest
from astropy import units as u
from astropy.time import Time

from fink_lib.objects.light_curve import Kind, light_curve
from fink_lib.surveys import LSST, ZTF


def njy(mag: float) -> float:
    return float((mag * u.ABmag).to_value(u.nJy))


def ztf_row(alert_jd: float, past: list[dict[str, Any]], forced: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    now = {"jd": alert_jd, "fid": 2, "magpsf": 18.0, "sigmapsf": 0.1, "isdiffpos": "f"}
    return {"candidate": now, "prv_candidates": past, "fp_hists": forced}


def test_detections_and_limits_of_ztf() -> None:
    limit = {"jd": 2460000.5, "fid": 1, "magpsf": None, "diffmaglim": 20.5}
    bright = {"jd": 2460001.5, "fid": 1, "magpsf": 17.0, "sigmapsf": 0.02, "isdiffpos": "t", "diffmaglim": 20.0}
    first, second, third = light_curve([ztf_row(2460002.5, [limit, bright])], ZTF)
    assert (first.kind, first.band, first.flux_njy) == (Kind.LIMIT, "g", None)
    assert first.limit_njy == pytest.approx(njy(20.5), rel=1e-3)
    assert (second.kind, second.mjd_utc, second.limit_njy) == (Kind.DETECTION, 60001.0, None)
    assert second.flux_njy == pytest.approx(njy(17.0), rel=1e-3)
    assert third.flux_njy == pytest.approx(-njy(18.0), rel=1e-3)  # fainter than the reference
    assert third.flux_err_njy == pytest.approx(njy(17.95) - njy(18.05), rel=2e-3)  # 0.1 mag, both sides


def test_forced_photometry_of_ztf() -> None:
    """Counts by the zero point of their exposure; a failed one is none."""
    good = {"jd": 2460000.5, "fid": 3, "forcediffimflux": 100.0, "forcediffimfluxunc": 2.0, "magzpsci": 26.0}
    failed = {**good, "jd": 2460001.5, "forcediffimflux": -99999.0}
    forced = [one for one in light_curve([ztf_row(2460002.5, [], [good, failed])], ZTF) if one.kind is Kind.FORCED]
    assert [(one.band, one.mjd_utc) for one in forced] == [("i", 60000.0)]
    assert forced[0].flux_njy == pytest.approx(njy(26.0 - 5.0), rel=1e-3)  # 100 counts are 5 mag above the zero point
    assert forced[0].flux_njy is not None
    assert forced[0].flux_err_njy == pytest.approx(forced[0].flux_njy / 50.0)


def test_what_rubin_did_not_see_is_a_limit() -> None:
    time = Time(60000.25, format="mjd", scale="tai")
    past = {"midpointMjdTai": 59999.25, "band": "g", "psfFlux": -700.0, "psfFluxErr": 90.0}
    seen = {"midpointMjdTai": 60000.25, "band": "g", "psfFlux": 600.0, "psfFluxErr": 100.0}
    unseen = {"midpointMjdTai": 60001.25, "band": "g", "psfFlux": 40.0, "psfFluxErr": 100.0}
    row = {"diaSource": seen, "prvDiaSources": [past], "prvDiaForcedSources": [seen, unseen]}
    found = light_curve([row, row], LSST)  # two alerts bring the same measurements
    assert [(one.kind, one.flux_njy, one.limit_njy) for one in found] == [
        (Kind.DETECTION, -700.0, None),
        (Kind.DETECTION, 600.0, None),
        (Kind.FORCED, 600.0, None),
        (Kind.FORCED, 40.0, 500.0),
    ]
    assert found[1].mjd_utc == pytest.approx(float(time.utc.mjd), abs=1e-9)


def test_a_packet_without_history_or_forced_photometry() -> None:
    """Rubin's first detections have null where the wire has empty lists; a missing time is no point."""
    row = {"diaSource": {"midpointMjdTai": None, "band": "g"}, "prvDiaSources": None, "prvDiaForcedSources": [None]}
    assert light_curve([row], LSST) == []
