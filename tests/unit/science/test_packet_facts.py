"""Magnitudes, neighbours, quality, transient flags and blazars: by hand, and on real packets."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from science_bench import CACHE, NAN, batch_of, one_alert, outcome_of

from fink_lib.science.cases import blazars, magnitudes, neighbours, quality, transient_flags
from fink_lib.science.framework.base import NO_MATCH
from fink_lib.science.framework.registry import modules_of
from fink_lib.science.framework.runner import run
from tests.builders.packet_rows import read_packets


@pytest.fixture(scope="module")
def packets(shared_data: Path) -> list[dict[str, Any]]:
    return list(read_packets(shared_data / "ztf" / "ztf_public_20231018.tar.gz"))


def first(found: Any) -> dict[str, Any]:
    columns = getattr(found, "columns", found)
    return {name: values[0] for name, values in columns.items()}


def test_fluxes_of_a_difference_and_of_the_source() -> None:
    alert = {
        "mag": 20.0,
        "mag_err": 0.1,
        "is_positive": 1.0,
        "ref_mag": 20.0,
        "ref_mag_err": 0.1,
        "ref_separation": 1.5,
    }
    found = first(magnitudes.compute(one_alert(alert), None))
    assert found["diff_flux"] == pytest.approx(10 ** (0.4 * 11.4))
    assert found["dc_mag"] == pytest.approx(20.0 - 2.5 * np.log10(2.0))
    assert found["dc_flux"] == pytest.approx(2.0 * found["diff_flux"])
    assert found["dc_flux_err"] == pytest.approx(np.sqrt(2.0) * found["diff_flux_err"])
    negative = first(magnitudes.compute(one_alert(alert | {"is_positive": 0.0, "ref_separation": 1.6}), None))
    assert negative["diff_flux"] == pytest.approx(-found["diff_flux"])
    assert np.isnan([negative[name] for name in ("dc_mag", "dc_mag_err", "dc_flux", "dc_flux_err")]).all()
    unknown = first(magnitudes.compute(one_alert(alert | {"is_positive": NAN}), None))
    assert np.isnan([unknown["diff_flux"], unknown["dc_mag"]]).all()


def test_absent_neighbours_are_null_and_present_ones_have_a_shape(packets: list[dict[str, Any]]) -> None:
    columns = outcome_of(packets, "neighbours").columns
    for packet, separation, shape in zip(
        packets, columns["ps1_sep_arcsec"].to_pylist(), columns["ps1_shape"].to_pylist(), strict=True
    ):
        given, score = packet["candidate"]["distpsnr1"], packet["candidate"]["sgscore1"]
        assert separation == (None if given is None or given < 0 else pytest.approx(given))
        if separation is None:
            assert shape is None
        elif separation > 1.5:
            assert shape == NO_MATCH
        elif score >= 0.77:
            assert shape == neighbours.STAR
    words = {NO_MATCH, neighbours.STAR, neighbours.GALAXY, neighbours.UNCERTAIN, None}
    assert set(columns["ps1_shape"].to_pylist()) == words
    gaia = columns["gaia_sep_arcsec"].drop_null().to_pylist()
    assert min(gaia) >= 0.0


def test_every_flaw_is_named() -> None:
    good = {
        "n_bad_pixels": 0.0, "real_bogus": 0.65, "deep_real_bogus": 0.5, "fwhm_px": 5.0, "elongation": 1.2,
        "peak_snr": 5.0, "aperture_minus_psf": -0.1,
    }  # fmt: skip
    names = dict(zip(good, quality.CRITERIA, strict=True))
    assert first(quality.compute(one_alert(good), None)) == {"is_good": True, "quality_flaws": ""}
    assert first(quality.compute(one_alert(good | {"deep_real_bogus": NAN, "peak_snr": NAN}), None))["is_good"]
    worse = {
        "n_bad_pixels": 1.0, "real_bogus": 0.64, "deep_real_bogus": 0.49, "fwhm_px": 5.1, "elongation": 1.3,
        "peak_snr": 4.9, "aperture_minus_psf": -0.2,
    }  # fmt: skip
    for name, value in worse.items():
        found = first(quality.compute(one_alert(good | {name: value}), None))
        assert found == {"is_good": False, "quality_flaws": names[name]}
    nothing = first(quality.compute(one_alert(dict.fromkeys(good, NAN)), None))
    assert nothing["quality_flaws"] == "nbad,rb,fwhm,elong,magdiff"


SCALARS = transient_flags.MODULES[0].scalars
TRANSIENT: dict[str, Any] = dict.fromkeys(SCALARS, -999.0) | {
    "band": 2.0, "deep_real_bogus": 0.99, "first_time": 90.0, "is_positive": 1.0, "mag": 18.0, "n_detections": 5.0,
    "real_bogus": 0.9, "ref_mag": -999.0, "time": 100.0,
}  # fmt: skip
PAST: dict[str, list[float]] = {"time": [95.0, 100.0], "band": [2, 2], "mag": [18.5, 18.0], "is_positive": [1.0, 1.0]}


def flags(
    scalars: dict[str, Any], past: dict[str, list[float]] | None = None, roid: int | None = 0
) -> dict[str, bool | None]:
    batch = one_alert(TRANSIENT | scalars, PAST | (past or {}))
    object.__setattr__(batch, "results", {"roid": pa.array([roid], type=pa.int32())})
    return {name: value.as_py() for name, value in first(transient_flags.compute(batch, None)).items()}


def test_a_clean_new_source_is_a_transient() -> None:
    assert flags({}) == dict.fromkeys(transient_flags.NAMES, False) | {
        "positivesubtraction": True, "real": True, "stationary": True, "is_transient": True
    }  # fmt: skip
    assert not flags({}, roid=3)["is_transient"]


@pytest.mark.parametrize(
    ("flag", "value", "scalars"),
    [
        ("faint", True, {"mag": 19.8}),
        ("positivesubtraction", False, {"is_positive": 0.0}),
        ("real", False, {"real_bogus": 0.2}),
        ("real", False, {"deep_real_bogus": 0.79}),
        ("real", False, {"real_bogus": 0.34, "gaia_separation": 0.9, "gaia_mag": 16.9}),
        ("real", True, {"real_bogus": 0.34, "gaia_separation": 0.9, "gaia_mag": 17.1}),
        ("real", False, {"real_bogus": 0.44, "ps1_separation": 1.4, "ps1_star_score": 0.5, "ps1_z_mag": 14.9}),
        ("real", False, {"deep_real_bogus": 0.94, "ps1_separation": 0.7, "ps1_i_mag": 17.4, "first_time": 9.0}),
        (
            "real",
            True,
            {
                "deep_real_bogus": 0.94,
                "ps1_separation": 0.7,
                "ps1_i_mag": 17.4,
                "first_time": 11.0,
                "ps1_star_score": 0.1,
            },
        ),
        ("real", False, {"deep_real_bogus": NAN, "real_bogus": 0.1}),
        ("pointunderneath", True, {"ps1_star_score": 0.77, "ps1_separation": 2.4}),
        ("pointunderneath", False, {"ps1_star_score": 0.77, "ps1_separation": -999.0}),
        (
            "pointunderneath",
            True,
            {"ps1_star_score": 0.3, "ps1_separation": 0.9, "ps1_r_mag": 21.0, "ps1_i_mag": 17.9},
        ),
        ("brightstar", True, {"gaia_bright_separation": 19.0, "gaia_bright_mag": 11.9}),
        ("brightstar", False, {"gaia_bright_separation": 19.0, "gaia_bright_mag": 12.1}),
        ("brightstar", True, {"ps1_separation_3": 19.0, "ps1_r_mag_3": 13.9, "ps1_star_score_3": 0.95}),
        ("brightstar", False, {"ps1_separation": 11.0, "ps1_z_mag": 13.9, "ps1_star_score": 0.95}),
        ("variablesource", True, {"n_detections": 201.0}),
        ("variablesource", True, {"gaia_separation": 0.3, "gaia_mag": 16.9, "first_time": 60.0}),
        ("variablesource", True, {"ps1_separation": 2.9, "ps1_star_score": 0.3, "ps1_g_mag": 15.9, "first_time": 9.0}),
        ("variablesource", True, {"ps1_separation": 0.4, "ps1_star_score": 0.5, "ps1_g_mag": 16.9, "first_time": 9.0}),
        ("variablesource", False, {"ps1_separation": 0.4, "ps1_star_score": 0.5, "ps1_g_mag": 16.9}),
        ("variablesource", True, {"ref_mag": 16.0, "ref_separation": 0.4, "mag": 18.6, "first_time": 9.0}),
        (
            "variablesource",
            True,
            {"ref_mag": 17.4, "ref_separation": 0.7, "mag": 18.5, "first_time": -400.0, "n_detections": 31.0},
        ),
    ],
)
def test_each_rule(flag: str, *, value: bool, scalars: dict[str, float]) -> None:
    found = flags(scalars)
    assert found[flag] == value
    assert found["is_transient"] == (
        found["positivesubtraction"] and found["real"] and found["stationary"]
        and not any(found[name] for name in ("faint", "pointunderneath", "brightstar", "variablesource"))
    )  # fmt: skip


@pytest.mark.parametrize(
    ("missing", "unknown"),
    [
        ({"is_positive": NAN}, {"positivesubtraction"}),
        ({"deep_real_bogus": NAN}, {"real"}),
        ({"real_bogus": NAN}, {"real"}),
        ({"mag": NAN}, {"faint", "variablesource"}),
        ({"first_time": NAN}, {"variablesource"}),
        ({"n_detections": NAN}, {"variablesource"}),
        ({"time": NAN}, {"faint", "variablesource", "stationary"}),
        ({"ps1_separation": 2.4, "ps1_star_score": NAN}, {"pointunderneath"}),
    ],
)
def test_what_is_missing_makes_a_flag_null_unless_the_rest_decides_it(
    missing: dict[str, float], unknown: set[str]
) -> None:
    found = flags(missing)
    assert {name for name in transient_flags.NAMES if found[name] is None} == unknown
    assert found["is_transient"] is None
    spoilt = flags(missing | {"gaia_bright_separation": 19.0, "gaia_bright_mag": 11.9})
    assert spoilt["is_transient"] is False  # a bright star forbids it whatever the rest would say


def test_a_neighbour_that_is_not_there_is_an_answer_and_one_that_is_not_told_is_none() -> None:
    """-999 says that none is there; v0.1.0 read a null as the same and called the alert a transient."""
    assert flags({})["is_transient"] is True
    unknown = {name: NAN for name in SCALARS if name.startswith(("gaia_", "ps1_"))}
    found = flags(unknown)
    assert {name for name in transient_flags.NAMES if found[name] is None} == {"pointunderneath", "brightstar"}
    assert found["is_transient"] is None
    assert flags({"ps1_separation": NAN, "ps1_star_score": NAN})["pointunderneath"] is None
    assert flags({"ps1_separation": NAN, "ps1_star_score": 0.1})["pointunderneath"] is False
    assert flags(unknown | {"first_time": 9.0})["variablesource"] is None
    assert flags(unknown | {"real_bogus": 0.3})["real"] is None
    red = {"ps1_separation": 0.9, "ps1_star_score": 0.3, "ps1_r_mag": NAN, "ps1_i_mag": 17.9}
    assert flags(red)["pointunderneath"] is None
    assert flags({}, roid=None)["is_transient"] is None
    assert flags({"is_positive": 0.0}, roid=None)["is_transient"] is False


@pytest.mark.parametrize(
    ("past", "stationary", "faint"),
    [
        ({"time": [99.99, 100.0]}, False, False),
        ({"time": [99.9, 100.0], "mag": [19.1, 18.0]}, True, True),
        ({"is_positive": [0.0, 1.0]}, False, False),
        ({"mag": [NAN, 18.0]}, False, False),
    ],
)
def test_the_past_decides_what_moves_and_what_fades(
    past: dict[str, list[float]], *, stationary: bool, faint: bool
) -> None:
    found = flags({}, past)
    assert (found["stationary"], found["faint"]) == (stationary, faint)


def test_transients_of_a_real_sample(packets: list[dict[str, Any]]) -> None:
    columns = outcome_of(packets, "detections", "solar_system", "transient_flags").columns
    counts = {name: sum(columns[name].drop_null().to_pylist()) for name in (*transient_flags.NAMES, "is_transient")}
    assert all(0 < count < len(packets) for count in counts.values()), counts


def test_a_blazar_is_standardised_and_its_state_told(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINK_CATALOGS", str(shared_data / "catalogs"))
    listed = blazars.load(CACHE)
    assert len(listed.names) == 231
    place = int(np.flatnonzero(np.isfinite(listed.medians[:, 1]) & np.isfinite(listed.low))[0])
    name = next(name for name, row in listed.place.items() if row == place)
    median, time = listed.medians[place, 1], np.arange(8.0)
    high = 1.1 * listed.high[place] * median
    points = {
        "time": time, "band": np.ones(8, dtype=np.int8), "mag": 8.9 - 2.5 * np.log10(np.full(8, high - 0.5 * median)),
        "mag_err": np.full(8, 0.01), "ref_mag": 8.9 - 2.5 * np.log10(np.full(8, 0.5 * median)),
        "ref_mag_err": np.full(8, 0.01), "ref_separation": np.full(8, 0.3), "is_positive": np.ones(8),
    }  # fmt: skip
    found = first(blazars.compute(one_alert({"object_id": name}, points), listed))
    assert found["blazar"] == listed.names[place]
    assert found["blazar_flux"] == pytest.approx(1.1 * listed.high[place])
    assert found["blazar_robustness_high"] == pytest.approx(1.1)
    assert found["blazar_state"] == blazars.HIGH
    low = points | {
        "ref_mag": np.full(8, 40.0),
        "mag": 8.9 - 2.5 * np.log10(np.full(8, 0.5 * listed.low[place] * median)),
    }
    found = first(blazars.compute(one_alert({"object_id": name}, low), listed))
    assert found["blazar_state"] == blazars.LOW
    assert found["blazar_robustness_low"] == pytest.approx(0.5)
    single = {key: values[-1:] for key, values in points.items()}
    found = first(blazars.compute(one_alert({"object_id": name}, single), listed))
    assert np.isnan(found["blazar_robustness_high"])
    assert found["blazar_state"] is None  # bright now, and no mean to confirm it
    between = points | {"mag": 8.9 - 2.5 * np.log10(np.full(8, 0.5 * (listed.low + listed.high)[place] * median))}
    dark = {name: np.full(8, 40.0) for name in ("ref_mag",)}
    calm = {key: values[-1:] for key, values in (between | dark).items()}
    assert first(blazars.compute(one_alert({"object_id": name}, calm), listed))["blazar_state"] == blazars.NORMAL
    for gap in ({"ref_mag": np.full(8, NAN)}, {"is_positive": np.full(8, NAN)}):  # 'normal' in v0.1.0
        missing = first(blazars.compute(one_alert({"object_id": name}, points | gap), listed))
        assert (missing["blazar_state"], np.isnan(missing["blazar_flux"])) == (None, True)
    nameless = first(blazars.compute(one_alert({"object_id": None}, points), listed))
    assert (nameless["blazar"], nameless["blazar_state"]) == (None, None)
    stranger = first(blazars.compute(one_alert({"object_id": "ZTF00aaaaaaa"}, points), listed))
    assert (stranger["blazar"], stranger["blazar_state"]) == (NO_MATCH, NO_MATCH)
    assert list(blazars.provenance(listed)) == ["catalog.ctao_blazars"]


def test_without_the_list_the_module_says_so(packets: list[dict[str, Any]], tmp_path: Path) -> None:
    modules = modules_of("ztf", ["blazars"])
    outcome = run(modules, batch_of(packets[:2], modules), tmp_path)
    assert outcome.errors["blazars"][0] == "not run: not loaded"
    assert outcome.columns["blazar"].null_count == 2
