"""The rate: what Fink publishes where it is defined, and closed forms where Fink draws at random."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from science_bench import NAN, one_alert, outcome_of

from fink_lib.science.cases.magnitude_rate import EXPONENTIAL_MAG, below_limit_quantile, compute
from tests.builders.packet_rows import read_packets

FIXED = ("jd_first_real_det", "jdstarthist_dt", "delta_time", "from_upper")
I_BAND = 3


def i_band_came_between(packet: dict[str, Any]) -> bool:
    """Tell whether, going back in time, an i-band point comes before one of the alert's own band."""
    for point in reversed(packet["prv_candidates"] or []):
        if point["fid"] in {I_BAND, packet["candidate"]["fid"]}:
            return bool(point["fid"] == I_BAND)
    return False


def test_the_times_are_those_that_fink_published(real_alerts: Path) -> None:
    """But for one defect of Fink's: it gives up at the first i-band point that it meets, and publishes nothing."""
    packets = list(read_packets(real_alerts / "ztf" / "ztf_2025_packets.tar.gz"))
    ours = {name: array.to_pylist() for name, array in outcome_of(packets, "magnitude_rate").columns.items()}
    published = pd.read_parquet(real_alerts / "fink_outputs" / "ztf_2025.parquet").set_index("candid")
    theirs = published.loc[[packet["candid"] for packet in packets]]
    given_up = np.array([i_band_came_between(packet) for packet in packets])
    for name in FIXED:
        expected = theirs[name].to_numpy(dtype=float)
        mine = np.array([math.nan if value is None else value for value in ours[name]], dtype=float)
        compared = ~given_up if name in {"delta_time", "from_upper"} else np.ones(len(packets), dtype=bool)
        np.testing.assert_allclose(mine[compared], expected[compared], atol=1e-9, rtol=0, err_msg=name)
    assert theirs["delta_time"].isna()[given_up].all()
    assert (given_up.sum(), theirs["delta_time"].notna().sum()) == (12, 42)


def rate(**changes: object) -> dict[str, float]:
    """Return the rate of an alert at 18.0 +- 0.1 mag in r, two days after a point of its band."""
    scalars = {"time": 12.0, "first_time": 4.0, "band": 2.0, "mag": 18.0, "mag_err": 0.1, "is_positive": 1.0}
    scalars |= {"ref_mag": 17.0, "ref_mag_err": 0.05, "ref_separation": 0.3}
    for name, changed in (("mag", "now_mag"), ("is_positive", "now_positive")):
        scalars[name] = float(changes.pop(changed, scalars[name]))  # type: ignore[arg-type]
    histories = {
        "is_positive": [1.0, 1.0, 1.0, 1.0],
        "ref_mag": [17.0, 17.0, 17.0, 17.0],
        "ref_mag_err": [0.05, 0.05, 0.05, 0.05],
        "ref_separation": [0.3, 0.3, 0.3, 0.3],
        "time": [9.0, 10.0, 11.0, 12.0],
        "band": [2, 2, 1, 2],
        "mag": [20.0, 19.0, 17.0, 18.0],
        "mag_err": [0.3, 0.2, 0.1, 0.1],
        "mag_limit": [21.0, 21.0, 21.0, 21.0],
    }
    for name in ("ref_mag", "ref_separation"):
        scalars[name] = changes[name][-1] if name in changes else scalars[name]  # type: ignore[index]
    found = compute(one_alert(scalars, histories | changes), None)  # type: ignore[operator]
    return {name: np.asarray(values)[0] for name, values in found.items()}


def test_the_last_detection_of_the_band_counts() -> None:
    found = rate()
    assert found["mag_rate"] == pytest.approx(-0.5)
    assert found["sigma_rate"] == pytest.approx(np.hypot(0.1, 0.2) / 2.0)
    assert found["lower_rate"] == pytest.approx(-0.5 - 1.6448536 * found["sigma_rate"])
    assert found["upper_rate"] == pytest.approx(-0.5 + 1.6448536 * found["sigma_rate"])
    assert (found["delta_time"], found["from_upper"]) == (2.0, False)
    assert (found["jd_first_real_det"], found["jdstarthist_dt"]) == (9.0, 5.0)


def test_across_a_change_of_sign_the_apparent_magnitudes_are_compared() -> None:
    """A source of 17 mag, 40 % brighter and then 40 % fainter than the reference: v0.1.0 gave a rate of 0.00."""
    mag = 17.0 - 2.5 * np.log10(0.4)
    found = rate(mag=[NAN, mag, NAN, mag], is_positive=[1.0, 1.0, 1.0, 0.0], now_mag=mag, now_positive=0.0)
    assert found["mag_rate"] * 2.0 == pytest.approx(-2.5 * np.log10(0.6 / 1.4)) == pytest.approx(0.92, abs=0.001)
    deeper = rate(mag=[NAN, mag, NAN, mag - 0.5], is_positive=[0.0] * 4, now_mag=mag - 0.5, now_positive=0.0)
    assert deeper["mag_rate"] > 0.0  # a deeper deficit: the source fades, where v0.1.0 said that it brightens
    for gap in ({"ref_mag": [NAN] * 4}, {"ref_separation": [2.0] * 4}, {"is_positive": [1.0, NAN, 1.0, 0.0]}):
        changes = {"mag": [NAN, mag, NAN, mag], "is_positive": [1.0, 1.0, 1.0, 0.0]} | gap
        nothing = rate(**changes, now_mag=mag, now_positive=0.0)
        assert np.isnan([nothing["mag_rate"], nothing["sigma_rate"], nothing["lower_rate"]]).all()
    unsigned = rate(now_positive=NAN)
    assert np.isnan(unsigned["mag_rate"])


def test_an_upper_limit_gives_what_a_million_draws_give() -> None:
    found = rate(mag=[20.0, NAN, 17.0, 18.0])
    draw = np.random.default_rng(1)
    now = draw.normal(18.0, 0.1, 1_000_000)
    before = 21.0 - 2.5 * np.log10(draw.uniform(0.0, 1.0, 1_000_000))
    rates = (now - before) / 2.0
    assert found["from_upper"]
    assert found["mag_rate"] == pytest.approx(rates.mean(), abs=2e-3)
    assert found["sigma_rate"] == pytest.approx(rates.std(), abs=2e-3)
    assert found["lower_rate"] == pytest.approx(np.quantile(rates, 0.05), abs=1e-2)
    assert found["upper_rate"] == pytest.approx(np.quantile(rates, 0.95), abs=5e-3)


@pytest.mark.parametrize("error", [0.0, 1e-6, 0.05, 1.0, 30.0])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_the_quantile_agrees_with_scipy(error: float, share: float) -> None:
    from scipy.stats import expon, exponnorm

    found = below_limit_quantile(np.array([error]), share)[0]
    if error < 1e-3:
        expected = expon(scale=EXPONENTIAL_MAG).ppf(share)
    else:
        expected = exponnorm(EXPONENTIAL_MAG / error, scale=error).ppf(share)
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize(
    "changes",
    [
        {"band": [1, 1, 1, 2]},
        {"band": [-1, -1, -1, 2]},
        {"mag": [20.0, NAN, 17.0, 18.0], "mag_limit": [21.0, NAN, 21.0, 21.0]},
    ],
)
def test_without_a_look_before_there_is_no_rate(changes: dict[str, list[float]]) -> None:
    found = rate(**changes)
    assert np.isnan(found["mag_rate"])
    assert not found["from_upper"]


def test_an_earlier_point_at_the_same_time_gives_no_infinite_rate() -> None:
    assert np.isnan(rate(time=[9.0, 12.0, 11.0, 12.0], band=[1, 2, 1, 2])["mag_rate"])
