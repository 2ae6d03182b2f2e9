"""Slopes of fades: over bands of different colour, with limits, and what is no fast transient."""

import numpy as np
import pytest
from science_bench import one_alert

from fink_lib.science.cases import fast_transients
from fink_lib.science.cases.rubin import fast_transients as of_rubin
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.fade import FLOOR_MAG, Points, slopes
from fink_lib.science.planting.scores import JD
from fink_lib.science.planting.transients import SEED_HELD_OUT, Seen, plant_transients
from fink_lib.surveys.inputs import BANDS

G, R = BANDS.index("g"), BANDS.index("r")
NAN = float("nan")
DAYS = np.array([0.0, 0.1, 1.0, 1.1, 2.0, 2.1])
TWO_BANDS = np.array([G, R, G, R, G, R], dtype=np.int8)


def alert(mag: list[float] | np.ndarray, **changes: object) -> AlertBatch:
    columns = {
        "time": JD + DAYS, "band": TWO_BANDS, "mag": mag, "mag_err": np.full(6, 0.05), "is_positive": np.ones(6),
        "mag_limit": np.full(6, 20.5),
    } | changes  # fmt: skip
    return one_alert({"time": float(columns["time"][-1])}, columns)


def told(batch: AlertBatch) -> dict[str, object]:
    found = fast_transients.compute(batch, None)
    return {name: values[0].as_py() if name == "is_fast_fader" else float(values[0]) for name, values in found.items()}


def fading(rate: float, colour: float = 0.8) -> np.ndarray:
    return 18.0 + rate * DAYS + np.where(TWO_BANDS == G, colour, 0.0)


@pytest.mark.parametrize(("rate", "is_fast"), [(0.9, True), (0.31, False), (0.1, False), (-0.9, False), (0.6, True)])
def test_one_slope_for_bands_of_different_colour(rate: float, *, is_fast: bool) -> None:
    found = told(alert(fading(rate)))
    assert found["fade_rate"] == pytest.approx(rate, abs=1e-6)
    centred = np.concatenate([DAYS[band == TWO_BANDS] - DAYS[band == TWO_BANDS].mean() for band in (G, R)])
    assert found["fade_rate_err"] == pytest.approx(np.hypot(0.05, FLOOR_MAG) / np.sqrt((centred**2).sum()))
    assert found["fade_span_days"] == pytest.approx(2.0, abs=1e-6)
    assert found["is_fast_fader"] is is_fast


def test_a_colour_alone_is_no_fade() -> None:
    """A line through all points of both bands would say that 0.8 mag went in an hour."""
    found = told(alert([18.8, 18.0, NAN, NAN, NAN, NAN], time=JD + DAYS))
    assert np.isnan(found["fade_rate"])
    assert found["is_fast_fader"] is None


def test_a_lone_point_of_another_band_does_not_make_a_fade_longer() -> None:
    """Two points half an hour apart tell no slope over half a day, whatever else was seen nine days before."""
    time = JD + np.array([-9.0, 0.0, 0.02])
    columns = {"time": time, "band": np.array([R, G, G], dtype=np.int8), "mag": np.array([18.0, 18.0, 18.6])}
    columns |= {"mag_err": np.full(3, 0.02), "is_positive": np.ones(3), "mag_limit": np.full(3, 20.5)}
    found = told(one_alert({"time": float(time[-1])}, columns))
    assert found["fade_rate"] == pytest.approx(30.0, abs=0.01)
    assert found["fade_span_days"] == pytest.approx(0.02, abs=1e-6)
    assert found["is_fast_fader"] is False


def test_points_of_one_time_tell_no_slope() -> None:
    """A mean of equal times may differ from them by the last bit, which is no time to fade in."""
    draw = np.random.default_rng(1)
    for _ in range(50):
        count = 4
        zero = np.zeros(count, dtype=np.int64)
        time, mag = np.full(count, -draw.uniform(0.0, 9.0)), draw.uniform(18.0, 19.0, count)
        found = slopes(Points(zero, zero, time, mag, draw.uniform(0.02, 0.2, count)), 1)
        assert np.isnan([found.rate[0], found.error[0], found.span_days[0]]).all()
        assert found.points[0] == 0


def test_negative_subtractions_and_what_is_older_than_ten_days_are_left_out() -> None:
    sign = np.array([1.0, 1.0, 0.0, NAN, 1.0, 1.0])
    mag = fading(0.5)
    mag[2:4] = 12.0
    assert told(alert(mag, is_positive=sign))["fade_rate"] == pytest.approx(0.5, abs=1e-6)
    old = DAYS.copy()
    old[:2] -= 20.0
    mag = fading(0.5)
    mag[:2] = 12.0
    assert told(alert(mag, time=JD + old))["fade_rate"] == pytest.approx(0.5, abs=1e-6)


def test_the_last_limit_before_the_first_detection_bounds_the_rise() -> None:
    mag = np.array([NAN, NAN, 18.5, 18.0, 19.0, 18.5])
    limit = np.array([20.5, 20.1, 20.0, 20.0, 20.0, 20.0])
    assert told(alert(mag, mag_limit=limit))["rise_at_least"] == pytest.approx(2.0, abs=1e-6)  # in g, over a day
    assert np.isnan(told(alert(fading(0.5)))["rise_at_least"])


def test_the_rule_is_the_same_for_fluxes_of_rubin() -> None:
    flux = 10.0 ** (-0.4 * (fading(0.9) - 31.4))
    columns = {"time": JD + DAYS, "band": TWO_BANDS, "flux": flux, "flux_err": flux * 0.05 / 1.0857362}
    found = of_rubin.compute(one_alert({"time": JD + DAYS[-1]}, columns), None)
    assert float(np.asarray(found["fade_rate"])[0]) == pytest.approx(0.9, abs=1e-6)
    columns["flux"] = -flux
    assert np.isnan(np.asarray(of_rubin.compute(one_alert({"time": JD + DAYS[-1]}, columns), None)["fade_rate"])[0])


def test_planted_kilonovae_fade_fast_and_slow_ones_do_not() -> None:
    planted = [one for one in plant_transients(60, SEED_HELD_OUT) if one.kind in {"kilonova", "SN Ia", "red giant"}]
    flags = [_is_fast(one) for one in planted]
    share = {
        kind: np.mean([bool(flag) for one, flag in zip(planted, flags, strict=True) if one.kind == kind])
        for kind in ("kilonova", "SN Ia", "red giant")
    }
    assert share["kilonova"] > 0.25
    assert share["SN Ia"] < 0.05
    assert share["red giant"] == 0.0


def _is_fast(seen: Seen) -> bool | None:
    codes = np.array([G, R], dtype=np.int8)[seen.band]
    columns = {"time": JD + seen.day, "band": codes, "mag": seen.mag, "mag_err": seen.mag_err}
    columns |= {"is_positive": np.where(np.isnan(seen.mag), NAN, seen.positive), "mag_limit": seen.limit}
    flag = told(one_alert({"time": JD + float(seen.day[-1])}, columns))["is_fast_fader"]
    return None if flag is None else bool(flag)
