"""Maps of every form at hand: the same probability at the same place, whatever ordering and resolution."""

import base64
import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy_healpix import HEALPix, level_ipix_to_uniq

from fink_lib.errors import UnreadableNotice
from fink_lib.multimessenger.skymap import SkyMap, read_skymap

NSIDE = 8


def packed(columns: dict[str, Any], *, zipped: bool = False, **header: Any) -> bytes:
    shapes = {
        name: f"{np.asarray(one).shape[1]}D" if np.asarray(one).ndim > 1 else "D" for name, one in columns.items()
    }
    kinds = {name: "K" if np.asarray(one).dtype.kind == "i" else shapes[name] for name, one in columns.items()}
    made = fits.BinTableHDU.from_columns([fits.Column(name, kinds[name], array=one) for name, one in columns.items()])
    made.header.update({name.replace("_", "-"): value for name, value in header.items()})
    written = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), made]).writeto(written)
    return gzip.compress(written.getvalue(), mtime=0) if zipped else written.getvalue()


def nested() -> Any:
    return np.random.default_rng(3).uniform(size=12 * NSIDE**2)


def forms() -> dict[str, bytes]:
    """Return one map in every form."""
    value = nested()
    value /= value.sum()
    pixels = np.arange(len(value))
    ring = value[HEALPix(NSIDE, order="ring").ring_to_nested(pixels)]
    shuffled = np.random.default_rng(4).permutation(len(value))
    area = 4.0 * np.pi / len(value)
    unique = level_ipix_to_uniq(3, pixels)
    # The first base cell's 64 pixels of order 3 once more, as 256 of order 4 with the same density
    finer = level_ipix_to_uniq(4, np.arange(256))
    mixed = np.concatenate([unique[64:], finer]), np.concatenate([value[64:], np.repeat(value[:64], 4) / 4.0])
    areas = np.concatenate([np.full(len(value) - 64, area), np.full(256, area / 4.0)])
    return {
        "nested": packed({"PROB": value}, ORDERING="NESTED", NSIDE=NSIDE, COORDSYS="C"),
        "ring": packed({"PROBABILITY": ring}, ORDERING="RING", NSIDE=NSIDE, zipped=True),
        "rows of 64": packed({"PROBABILITY": ring.reshape(-1, 64)}, ORDERING="RING", NSIDE=NSIDE),
        "explicit": packed({"PIXEL": shuffled, "PROB": value[shuffled]}, ORDERING="NESTED", NSIDE=NSIDE),
        "multi-order": packed({"UNIQ": unique[shuffled], "PROBDENSITY": value[shuffled] / area}, ORDERING="NUNIQ"),
        "mixed orders": packed({"UNIQ": mixed[0], "PROBDENSITY": mixed[1] / areas}, ORDERING="NUNIQ"),
    }


@pytest.mark.parametrize("form", sorted(forms()))
def test_density_at_any_place(form: str) -> None:
    random = np.random.default_rng(5)
    ra, dec = random.uniform(0, 360, 500), np.degrees(np.arcsin(random.uniform(-1, 1, 500)))
    skymap = read_skymap(forms()[form])
    rows = skymap.pixels_at(ra, dec)
    density = skymap.probability[rows] / skymap.area_sr[rows]
    from astropy import units

    pixel = HEALPix(NSIDE, order="nested").lonlat_to_healpix(ra * units.deg, dec * units.deg)
    value = nested()
    assert density == pytest.approx(value[pixel] / value.sum() / (4.0 * np.pi / len(value)))
    assert skymap.probability.sum() == pytest.approx(1.0)
    assert skymap.area_sr.sum() == pytest.approx(4.0 * np.pi)


def test_a_place_outside_of_the_map_has_no_pixel() -> None:
    value = np.zeros(12)
    value[4] = 1.0
    skymap = read_skymap(packed({"PROB": value}, ORDERING="NESTED", NSIDE=1))
    assert skymap.pixels_at(np.array([0.0, 90.0, 180.0]), np.array([0.0, 0.0, 0.0])).tolist() == [0, -1, -1]


def multi_order(path: Path) -> tuple[SkyMap, Any]:
    content = base64.b64decode(json.loads(path.read_bytes())["event"]["skymap"])
    return read_skymap(content), fits.open(io.BytesIO(content))[1]


@pytest.mark.parametrize(("name", "pixels"), [("lvk__initial.txt", 16896), ("lvk__test.txt", 19200)])
def test_maps_within_alerts(name: str, pixels: int, shared_data: Path) -> None:
    skymap, unit = multi_order(shared_data / "gcn" / "voevent_finkmm" / name)
    assert len(unit.data) == pixels
    assert skymap.area_sr.sum() <= 4.0 * np.pi * (1.0 + 1e-12)
    # Mean distance over the map is what its header says (Mpc)
    assert skymap.distance_mpc is not None
    best = int(np.argmax(skymap.probability / skymap.area_sr))
    half = skymap.share_nearer(best, float(unit.header["DISTMEAN"]))
    assert half == pytest.approx(0.5, abs=0.35)
    assert skymap.share_nearer(best, 1.0) == pytest.approx(0.0, abs=1e-3)
    assert skymap.share_nearer(best, 1e5) == pytest.approx(1.0)


@pytest.mark.parametrize(("name", "order"), [("bayestar.fits.gz", 8), ("GRB220617A_IPN_map_hpx.fits.gz", 11)])
def test_flat_maps(name: str, order: int, shared_data: Path) -> None:
    skymap = read_skymap((shared_data / "gcn" / "skyportal" / name).read_bytes())
    assert set(skymap.order.tolist()) == {order}
    assert skymap.probability.sum() == pytest.approx(1.0)
    assert (skymap.distance_mpc is not None) == (order == 8)
    if order == 11:  # on the annulus around Mars Odyssey that its header names, and nowhere else
        best = int(np.argmax(skymap.probability))
        from astropy import units
        from astropy.coordinates import SkyCoord

        lon, lat = HEALPix(2048, order="nested").healpix_to_lonlat(skymap.pixel[[best]])
        centre = SkyCoord(196.5516 * units.deg, -5.0812 * units.deg)
        assert centre.separation(SkyCoord(lon, lat))[0].deg == pytest.approx(44.3851, abs=0.05)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"SIMPLE", "cannot be read"),
        (packed({"FLUX": np.ones(12)}), "no HEALPix map"),
        (packed({"PROB": np.zeros(12)}, NSIDE=1), "without any probability"),
        (packed({"PROB": np.ones(12)}, NSIDE=1, COORDSYS="G"), "coordinates 'G'"),
        (packed({"PROB": np.ones(13)}, NSIDE=1), "13 pixels whose NSIDE is 1"),
        (gzip.compress(b"x" * 3000, mtime=0)[:-9] + b"damaged!!", "cannot be read"),
        (b"\x1f\x8b\x08" + bytes(7) + b"\xff" * 9, "cannot be read: error"),
        (packed({"UNIQ": np.array([3]), "PROBDENSITY": np.ones(1)}), "of order -1"),
        (packed({"UNIQ": np.array([2**62 + 5]), "PROBDENSITY": np.ones(1)}), "pixel 5 of order 30"),
        (packed({"UNIQ": np.array([-7]), "PROBDENSITY": np.ones(1)}), "none of HEALPix"),
        (packed({"PIXEL": np.array([12]), "PROB": np.ones(1)}, NSIDE=1, ORDERING="NESTED"), "pixel 12 of order 0"),
        (packed({"PIXEL": np.array([3]), "PROB": np.ones(1)}, NSIDE=0, ORDERING="NESTED"), "order -1"),
        (packed({"PIXEL": np.array([3, 3]), "PROB": np.ones(2)}, NSIDE=1, ORDERING="NESTED"), "pixels overlap"),
        (packed({"PROB": np.ones(12)}, NSIDE=1, ORDERING="SPIRAL"), "in the order 'SPIRAL'"),
        (packed({"PROB": np.full(12, 1e308)}, NSIDE=1), r"probability of 1e\+308 in one pixel"),
        (packed({"UNIQ": np.array([4, 16]), "PROBDENSITY": np.ones(2)}), "pixels overlap"),
    ],
)
def test_what_is_no_map(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableNotice, match=reason):
        read_skymap(content)


def test_a_picture_before_the_map_is_passed_over() -> None:
    with fits.open(io.BytesIO(packed({"PROB": np.ones(12)}, NSIDE=1))) as units:
        written = io.BytesIO()
        fits.HDUList([units[0], fits.ImageHDU(np.zeros((2, 2))), units[1]]).writeto(written)
    assert len(read_skymap(written.getvalue()).pixel) == 12


def test_a_small_file_that_unpacks_to_a_great_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fink_lib.multimessenger.skymap.MOST_BYTES", 2**20)
    with pytest.raises(UnreadableNotice, match="more than 1 MiB when it is unpacked"):
        read_skymap(gzip.compress(bytes(2**20 + 1)))
