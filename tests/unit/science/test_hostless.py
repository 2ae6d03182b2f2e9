"""Hostless transients: made stamps with and without a host, odd stamps, and real ones."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from science_bench import CACHE, batch_of, one_alert

from fink_lib.fits_image import NoImageError, read_image
from fink_lib.science.cases.hostless import compute, gates
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.registry import modules_of
from fink_lib.science.framework.runner import run
from fink_lib.science.methods import elephant
from tests.builders.packet_rows import read_packets

GATES = {
    "roid": 0, "positivesubtraction": True, "real": True, "pointunderneath": False, "brightstar": False,
    "variablesource": False,
}  # fmt: skip
YOUNG = {"mag": 19.0, "time": 100.0, "first_time": 90.0}


def fits_bytes(image: np.ndarray, *, packed: bool = True) -> bytes:
    """Return an image as astropy writes it."""
    import io

    from astropy.io import fits

    buffer = io.BytesIO()
    fits.PrimaryHDU(image).writeto(buffer)
    return gzip.compress(buffer.getvalue()) if packed else buffer.getvalue()


def sky(seed: int, flux: float = 0.0, size: tuple[int, int] = (63, 63)) -> np.ndarray:
    """Return noise of unit width on a level of 100, with a star of some flux at the centre."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    star = np.exp(-0.5 * ((rows - size[0] // 2) ** 2 + (columns - size[1] // 2) ** 2) / 2.0)
    return (100.0 + np.random.default_rng(seed).normal(size=size) + flux * star).astype(np.float32)


def alert(science: Any, template: Any, results: dict[str, Any] | None = None, **scalars: float) -> AlertBatch:
    batch = one_alert(YOUNG | scalars)
    stamps = {"science": np.array([science], dtype=object), "template": np.array([template], dtype=object)}
    object.__setattr__(batch, "stamps", stamps)
    object.__setattr__(batch, "results", {name: pa.array([value]) for name, value in (GATES | (results or {})).items()})
    return batch


def first(batch: AlertBatch) -> tuple[dict[str, Any], str | None]:
    findings = compute(batch, None)
    why = next((why for flags, why in findings.not_run if flags[0]), None)
    return {name: values[0] for name, values in findings.columns.items()}, why


def test_a_transient_on_empty_sky_is_a_candidate_and_one_on_a_host_is_not() -> None:
    on_nothing, why = first(alert(fits_bytes(sky(1, 60.0)), fits_bytes(sky(2))))
    assert why is None
    assert on_nothing["hostless_ks_template"] < 0.85
    assert np.isfinite(on_nothing["hostless_ks_science"])
    on_host, why = first(alert(fits_bytes(sky(1, 60.0)), fits_bytes(sky(2, 60.0))))
    assert (on_host["is_hostless"], why) == (False, None)
    assert np.isnan(on_host["hostless_ks_science"])


def test_the_seed_decides_and_nothing_else() -> None:
    science, template = sky(1, 60.0).astype(float), sky(2).astype(float)
    one, again = elephant.compare(science, template, 7), elephant.compare(science, template, 7)
    other = elephant.compare(science, template, 8)
    assert one == again
    assert one.template != other.template
    assert one.template == pytest.approx(other.template, abs=0.25)


def test_noise_scores_low_and_a_source_scores_high() -> None:
    random = np.random.default_rng(1)
    assert elephant.noise_statistic(sky(3).astype(float), random) < 0.6
    assert elephant.noise_statistic(sky(3, 300.0).astype(float), random) > 0.9
    assert np.isnan(elephant.noise_statistic(np.full((63, 63), 5.0), random))


def test_parts_agree_with_astropy_and_scipy() -> None:
    from astropy.stats import sigma_clip
    from scipy.stats import binned_statistic, ks_2samp, wasserstein_distance

    image = sky(4, 80.0).astype(float)
    np.testing.assert_array_equal(elephant.stands_out(image), sigma_clip(image, sigma=3, maxiters=10).mask)
    draw = np.random.default_rng(5)
    one, two = draw.normal(size=200), draw.normal(0.3, 1.0, size=1990)
    assert elephant.kolmogorov_smirnov(one, two) == pytest.approx(ks_2samp(one, two).statistic)
    centre = image[24:39, 24:39]
    wave = np.fft.fftfreq(15) * 15
    radius = np.hypot(*np.meshgrid(wave, wave)).ravel()
    edges = np.arange(0.5, 8, 1.0)
    power, _, _ = binned_statistic(radius, np.abs(np.fft.fftn(centre)).ravel() ** 2, bins=edges)
    expected = power * np.pi * (edges[1:] ** 2 - edges[:-1] ** 2)
    np.testing.assert_allclose(elephant.spectra(centre[None])[0], expected)
    assert np.abs(np.sort(one[:7]) - np.sort(two[:7])).mean() == pytest.approx(wasserstein_distance(one[:7], two[:7]))


@pytest.mark.parametrize(
    ("stamp", "reason"),
    [
        (None, "the science stamp is empty"),
        (b"", "the science stamp is empty"),
        (b"\xff\xd8\xff\xe0 JFIF", "the science stamp is no FITS file"),
        (b"\x1f\x8b broken", "the science stamp cannot be unpacked"),
        (fits_bytes(sky(1))[:900], "the science stamp cannot be unpacked"),
        (fits_bytes(sky(1), packed=False)[:8000], "the science stamp is cut short"),
        (fits_bytes(sky(1), packed=False)[:160], "the science stamp has no end of its header"),
        (fits_bytes(np.zeros(9)), "the science stamp holds no image"),
        (fits_bytes(sky(1, size=(63, 42))), "the science stamp is 63x42 pixels, cut by an edge"),
        (fits_bytes(np.where(sky(1) > 101.0, np.nan, 1.0)), "the science stamp has blank pixels"),
    ],
)
def test_odd_stamps_have_a_reason(stamp: bytes | None, reason: str) -> None:
    found, why = first(alert(stamp, fits_bytes(sky(2))))
    assert (why, found["is_hostless"]) == (reason, None)


@pytest.mark.parametrize("kind", [np.int16, np.float64, np.uint8])
def test_images_of_other_types_are_read(kind: Any) -> None:
    image = np.arange(12).reshape(3, 4).astype(kind)
    np.testing.assert_array_equal(read_image(fits_bytes(image, packed=False)), image)
    with pytest.raises(NoImageError):
        read_image(b"SIMPLE  =")


@pytest.mark.parametrize(
    ("results", "scalars", "reason"),
    [
        ({"roid": 3}, {}, "a known solar-system object"),
        ({"positivesubtraction": False}, {}, "fainter than the reference"),
        ({"real": False}, {}, "likely an artefact"),
        ({"real": None}, {}, "'real' is not known"),
        ({"positivesubtraction": None}, {}, "'positivesubtraction' is not known"),
        ({}, {"first_time": np.nan}, "the time of the first detection is not known"),
        ({"brightstar": True}, {}, "on or next to a star"),
        ({"variablesource": True}, {}, "likely a variable star"),
        ({}, {"first_time": 9.0}, "older than 90 days"),
        ({}, {"mag": 20.1}, "fainter than 20 mag"),
        ({}, {"mag": np.nan}, "the magnitude is not known"),
    ],
)
def test_every_gate_is_told_before_a_stamp_is_opened(results: dict[str, Any], scalars: Any, reason: str) -> None:
    batch = alert(b"never opened", None, results, **scalars)
    assert next(why for flags, why in gates(batch) if flags[0]) == reason
    assert first(batch)[1] == reason


def test_real_alerts_alone_or_together_give_the_same_bytes(shared_data: Path) -> None:
    packets = list(read_packets(shared_data / "ztf" / "ztf_public_20231018.tar.gz"))[:250]
    modules = modules_of("ztf", ["detections", "solar_system", "transient_flags", "hostless"])
    batch = batch_of(packets, modules)
    whole = run(modules, batch, CACHE)
    looked_at = [row for row, value in enumerate(whole.columns["is_hostless"].to_pylist()) if value is not None]
    assert len(looked_at) >= 5
    for row in looked_at[:5]:
        alone = run(modules, batch.take(np.array([row])), CACHE)
        for name in ("is_hostless", "hostless_ks_science", "hostless_ks_template"):
            assert whole.columns[name][row] == alone.columns[name][0], name
    assert all(why.startswith("not run: ") for why in whole.errors["hostless"].values())
