"""Stamps of ZTF with planted transients and hosts, and what the hostless module makes of them; all from one seed.

63 x 63 pixels of 1 arcsec, seeing of 1.8 to 2.6 arcsec; the sky's noise is such that a point source of 20.6 mag is
five sigma in a visit and one of 22.5 mag in the reference. Every object passes the gates that do not read stamps.
"""

import io
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from astropy.io import fits

from fink_lib.files import JsonObject
from fink_lib.science.cases import hostless
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.planting.shares import share

Floats = npt.NDArray[np.float64]
Draw = np.random.Generator

COUNT = 200
SIZE_PX = 63
SEEING_PX = (1.8, 2.6)
FWHM_OVER_SIGMA = 2.3548
ZERO_MAG, VISIT_MAG, REFERENCE_MAG, SIGMAS = 26.0, 20.6, 22.5, 5.0
MAGS = ((17.0, 20.0), (17.0, 18.0), (18.0, 19.0), (19.0, 20.0))
# Kind → (magnitude of what stands there, its distance in arcsec); None for nothing.
KINDS: Mapping[str, tuple[tuple[float, float], tuple[float, float]] | None] = {
    "no host": None,
    "host of 17-19 mag": ((17.0, 19.0), (0.5, 5.0)),
    "host of 19-21 mag": ((19.0, 21.0), (0.0, 3.0)),
    "host of 21-23 mag": ((21.0, 23.0), (0.0, 2.0)),
    "variable star": ((17.0, 20.0), (0.0, 0.1)),
    "cosmic ray": None,
}
RESULTS = {"positivesubtraction": True, "real": True, "pointunderneath": False, "brightstar": False}
RESULTS |= {"variablesource": False}


def table(seed: int, count: int = COUNT) -> list[JsonObject]:
    """Return one row a kind and brightness: pairs, those looked at, and the share called hostless.

    Parameters
    ----------
    seed
        Of the planted stamps.
    count
        Pairs of each kind.
    """
    draw = np.random.default_rng(seed)
    made = [(kind, *_pair(kind, draw)) for kind in KINDS for _ in range(count)]
    kinds, science, template, mags = (np.array(column, dtype=object) for column in zip(*made, strict=True))
    mag = mags.astype(np.float64)
    found = hostless.compute(_batch(science, template, mag), None)
    verdict = np.asarray(found.columns["is_hostless"], dtype=object)
    looked = np.array([value is not None for value in verdict])
    called = np.array([value is True for value in verdict])
    rows = list[JsonObject]()
    for kind in KINDS:
        for low, high in MAGS:
            mine = (kinds == kind) & (mag >= low) & (mag < high)
            facts = {"planted": kind, "transient_mag": f"{low:g}-{high:g}", "pairs": int(mine.sum())}
            facts |= {"looked_at": int((looked & mine).sum())}
            rows.append(facts | {"hostless": share(int((called & mine).sum()), int(mine.sum()))})
    return rows


def _pair(kind: str, draw: Draw) -> tuple[bytes, bytes, float]:
    """Return the two stamps and the magnitude of what the difference shows."""
    sigma = draw.uniform(*SEEING_PX) / FWHM_OVER_SIGMA
    mag = float(draw.uniform(*MAGS[0]))
    middle = np.full(2, (SIZE_PX - 1) / 2.0) + draw.uniform(-0.5, 0.5, 2)
    behind = np.zeros((SIZE_PX, SIZE_PX))
    there = KINDS[kind]
    if there is not None:
        (bright, faint), (near, far) = there
        angle, away = draw.uniform(0.0, 2.0 * np.pi), draw.uniform(near, far)
        width = sigma if kind == "variable star" else float(np.hypot(sigma, draw.uniform(0.5, 2.5)))
        place = middle + away * np.array([np.sin(angle), np.cos(angle)])
        behind = _spot(place, width) * _flux(float(draw.uniform(bright, faint)))
    noises = [_flux(limit) / SIGMAS / (2.0 * np.sqrt(np.pi) * sigma) for limit in (VISIT_MAG, REFERENCE_MAG)]
    science = behind + draw.normal(0.0, noises[0], behind.shape)
    if kind == "cosmic ray":
        row, column = (middle + draw.uniform(-1.0, 1.0, 2)).astype(int)
        science[row, column : column + 3] += _flux(mag) / 3.0
    else:
        science += _flux(mag) * _spot(middle, sigma)
    return _fits(science), _fits(behind + draw.normal(0.0, noises[1], behind.shape)), mag


def _flux(mag: float) -> float:
    return float(10.0 ** (-0.4 * (mag - ZERO_MAG)))


def _spot(place: Floats, sigma_px: float) -> Floats:
    rows, columns = np.mgrid[:SIZE_PX, :SIZE_PX]
    shape = np.exp(-0.5 * ((rows - place[0]) ** 2 + (columns - place[1]) ** 2) / sigma_px**2)
    return np.asarray(shape / (2.0 * np.pi * sigma_px**2))


def _fits(image: Floats) -> bytes:
    buffer = io.BytesIO()
    fits.PrimaryHDU(image.astype(np.float32)).writeto(buffer)
    return buffer.getvalue()


def _batch(science: npt.NDArray[np.object_], template: npt.NDArray[np.object_], mag: Floats) -> AlertBatch:
    count = len(mag)
    scalars = {"time": np.full(count, 2460000.5), "first_time": np.full(count, 2459998.5), "mag": mag}
    scalars["is_positive"] = np.ones(count)
    results = {name: pa.array([value] * count) for name, value in RESULTS.items()} | {"roid": pa.array([0] * count)}
    return AlertBatch(
        alert_id=np.arange(count, dtype=np.int64),
        offsets=np.zeros(count + 1, dtype=np.int64),
        scalars=scalars,
        stamps={"science": science, "template": template},
        results=results,
    )
