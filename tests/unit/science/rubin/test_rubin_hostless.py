"""Hostless Rubin transients: what passes the tests before, and what the centre of the stamps says."""

import io
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits

from fink_lib.science.cases.rubin.hostless import MODULES
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.registry import modules_of, with_needs
from fink_lib.science.planting.hostless import table
from fink_lib.science.planting.stamps import SEED_TUNING

FAR = 1.2 / 3600.0
SOUND = {
    "ra": 30.0, "dec": -20.0, "time": 61000.0, "flux": 50_000.0, "n_detections": 5.0, "template_flux": 800.0,
}  # fmt: skip
RESULTS = {"is_sso": False, "mangrove_sep_arcsec": None, "spicy_sep_arcsec": None}


def stamp(seed: int, star: float = 0.0, size: tuple[int, int] = (30, 30)) -> bytes:
    """Return noise of unit width with a star at the centre, as the survey writes it: FITS, not gzipped."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    shape = np.exp(-0.5 * ((rows - size[0] // 2) ** 2 + (columns - size[1] // 2) ** 2) / 2.0)
    image = np.random.default_rng(seed).normal(size=size) + star * shape
    buffer = io.BytesIO()
    fits.PrimaryHDU(image.astype(np.float32)).writeto(buffer)
    return buffer.getvalue()


NEW, EMPTY, HOST = stamp(1, 60.0), stamp(7), stamp(3, 60.0)


def judged(science: bytes | None = NEW, template: bytes | None = EMPTY, **changes: Any) -> tuple[dict[str, Any], str]:
    """Return the outputs and the reason of one alert."""
    past = {"ra": changes.pop("past_ra", 30.0), "time": changes.pop("past_time", 60990.0)}
    results = RESULTS | {name: changes.pop(name) for name in list(changes) if name not in SOUND}
    alert = SOUND | changes
    kinds = {"is_sso": pa.bool_(), "simbad_otype": pa.string(), "gaiadr3_DR3Name": pa.string()}
    batch = AlertBatch(
        alert_id=np.array([2**62 + 1]),
        offsets=np.array([0, 2]),
        scalars={name: np.array([value], dtype=float) for name, value in alert.items()},
        histories={"ra": np.array([past["ra"], alert["ra"]]), "dec": np.full(2, -20.0),
                   "time": np.array([past["time"], alert["time"]])},
        stamps={"science": np.array([science], dtype=object), "template": np.array([template], dtype=object)},
        results={name: pa.array([value], type=kinds.get(name, pa.float64())) for name, value in results.items()},
    )  # fmt: skip
    findings = MODULES[0].compute(batch, None)
    why = next((why for flags, why in findings.not_run if flags[0]), "")
    return {name: values[0] for name, values in findings.columns.items()}, why


def test_a_transient_on_empty_sky_is_hostless_and_one_on_a_host_is_not() -> None:
    found, why = judged()
    assert why == ""
    assert found["is_hostless"] is True
    assert found["hostless_ks_template"] <= 0.85
    found, why = judged(NEW, HOST)
    assert (found["is_hostless"], why) == (False, "")
    assert np.isnan(found["hostless_ks_template"])


def test_a_larger_stamp_is_judged_by_its_centre_alone() -> None:
    bare = np.zeros((48, 44), dtype=np.float32)
    bare[:6] = 1e6  # bright rows beyond the central 30x30
    with fits.open(io.BytesIO(NEW)) as hdus:
        bare[9:39, 7:37] = hdus[0].data
    buffer = io.BytesIO()
    fits.PrimaryHDU(bare).writeto(buffer)
    large, why = judged(buffer.getvalue(), EMPTY)
    small, _ = judged(NEW, EMPTY)
    assert why == ""
    assert large == small


def faint_host(distance_px: float, height: float) -> bytes:
    """Return the noise of `EMPTY` with a spot wider than the seeing, no pixel of which is 3 times the noise."""
    rows, columns = np.mgrid[:30, :30]
    shape = np.exp(-0.5 * ((rows - 15 - distance_px) ** 2 + (columns - 15) ** 2) / 9.0)
    buffer = io.BytesIO()
    fits.PrimaryHDU((np.random.default_rng(7).normal(size=(30, 30)) + height * shape).astype("f4")).writeto(buffer)
    return buffer.getvalue()


def test_a_host_too_faint_for_any_single_pixel_vetoes_and_a_far_one_does_not() -> None:
    """The host's light, 1.5 times a pixel's noise over 50 pixels, is 14 times the noise of them together."""
    assert judged(NEW, faint_host(0.0, 1.5))[0]["is_hostless"] is False
    assert judged(NEW, faint_host(6.0, 1.5))[0]["is_hostless"] is False
    assert judged(NEW, faint_host(0.0, 0.0))[0]["is_hostless"] is True


def test_a_transient_too_faint_for_any_single_pixel_is_seen() -> None:
    assert judged(stamp(1, 3.5), EMPTY)[0]["is_hostless"] is True
    assert judged(stamp(1, 0.0), EMPTY)[0]["is_hostless"] is False


def test_planted_stamps_say_what_was_measured() -> None:
    """Completeness on empty sky, and hosts of 21 to 23 mag, none of which may pass; 0.1.0 looked at no such alert."""
    rows = {(row["planted"], row["transient_mag"]): row["hostless"] for row in table(SEED_TUNING, 12)}
    assert float(str(rows["no host", "19-24"]).partition(" ")[0]) >= 75.0
    assert str(rows["host of 21-23 mag", "19-24"]).startswith("0.0 [")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"is_sso": True}, "a known solar-system object"),
        ({"n_detections": 1.0}, "fewer than 2 detections"),
        ({"n_detections": np.nan}, "fewer than 2 detections"),
        ({"flux": 33_113.0}, ""),  # 20.1 mag, which 0.1.0 and 1.0 of the module did not look at
        ({"flux": -30_000.0}, "fainter than the template"),
        ({"past_time": 60969.0}, "first detected 30 days ago or more"),
        ({"template_flux": 200.0}, ""),
        ({"template_flux": -500.0}, ""),
        ({"template_flux": 2500.0}, "the template is not below 2000 nJy"),
        ({"template_flux": np.nan}, "the template is not below 2000 nJy"),
        ({"past_ra": 30.0 + FAR / np.cos(np.radians(20.0))}, "it moves"),
        ({"mangrove_sep_arcsec": 12.0}, "catalogued: mangrove_sep_arcsec"),
        ({"spicy_sep_arcsec": 0.4}, "catalogued: spicy_sep_arcsec"),
        ({"simbad_otype": "G"}, "catalogued: simbad_otype"),
        ({"gaiadr3_DR3Name": "Gaia DR3 1"}, "catalogued: gaiadr3_DR3Name"),
        ({"legacydr8_zphot": 0.2}, "catalogued: legacydr8_zphot"),
        ({"simbad_otype": "Fail 504"}, ""),
        ({"simbad_otype": None, "gaiadr3_DR3Name": "Unknown", "legacydr8_zphot": np.nan}, ""),
        ({"science": None}, "the science stamp is empty"),
        ({"template": b"\xff\xd8\xff\xe0JFIF"}, "the template stamp is no FITS file"),
        ({"science": stamp(4, 60.0, (30, 20))}, "the science stamp is 30x20 pixels, cut by an edge"),
    ],
)
def test_each_test_before_keeps_out_what_it_says(changes: dict[str, Any], reason: str) -> None:
    found, why = judged(**changes)
    assert why == reason
    assert (found["is_hostless"] is None) == bool(reason)


def test_the_module_stands_in_the_registry_after_what_it_needs() -> None:
    names = [module.name for module in modules_of("lsst")]
    assert names.index("hostless_rubin") > names.index("solar_system_rubin")
    assert {module.name for module in with_needs("lsst", ["hostless_rubin"])} >= {"crossmatch_mangrove"}
