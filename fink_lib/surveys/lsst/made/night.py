"""The made night, packet by packet: visits of a few sources, each with its history, its stamps, or its orbit."""

import datetime as dt
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from fink_lib.surveys.lsst.copies import FIELD_DEG, Visit, visit
from fink_lib.surveys.lsst.ids import DETECTORS, designation, moving_id
from fink_lib.surveys.lsst.made import stamps
from fink_lib.surveys.lsst.made.blank import blank, record_of
from fink_lib.surveys.lsst.made.measured import Row, Seen, detection, forced, past, record_of_object
from fink_lib.surveys.lsst.made.sources import AB_ZERO_POINT, SHARES, Kind, Source, flux_err_njy

VISIT_ALERTS = 20
VISIT_BANDS = "grizgriy"
FLAGS = ("isDipole", "pixelFlags_saturated", "pixelFlags_edge", "glint_trail", "pixelFlags_streak")
SMALLEST_PX, LARGEST_PX = 30, 102


def packets(schema: Any, night: dt.date, count: int, seed: int) -> Iterator[Row]:
    """Yield the packets of a night in the order of time.

    Parameters
    ----------
    schema
        Version 11.1 of the alert schema, or one that has its fields.
    night, count
        Which night, and how many alerts.
    seed
        The same seed gives the same packets.
    """
    maker = _Maker(schema)
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        at, index = visit(night, number // VISIT_ALERTS, seed), number // VISIT_ALERTS
        kind = Kind(rng.choice([str(kind) for kind in SHARES], p=list(SHARES.values())))
        yield maker.packet(Source.drawn(kind, at.mjd_tai, rng), _seen(at, index, number, rng), number, rng)


def _seen(at: Visit, index: int, number: int, rng: np.random.Generator) -> Seen:
    """Place a source in the field of its visit; its flux follows."""
    away, angle = FIELD_DEG * math.sqrt(rng.random()), rng.uniform(0.0, 2.0 * math.pi)
    dec = at.dec_deg + away * math.cos(angle)
    ra = (at.ra_deg + away * math.sin(angle) / math.cos(math.radians(dec))) % 360.0
    band = VISIT_BANDS[index % len(VISIT_BANDS)]
    return Seen(at.mjd_tai, band, int(rng.integers(0, DETECTORS)), number + 1, ra, dec, 0.0, 0.0)


class _Maker:
    """Writes packets of one schema."""

    def __init__(self, schema: Any) -> None:
        self._root = blank(schema)
        names = ("diaSource", "prvDiaForcedSources", "diaObject", "ssSource", "mpc_orbits")
        self._blank = {name: blank(record_of(schema, name)) for name in names}

    def packet(self, source: Source, where: Seen, number: int, rng: np.random.Generator) -> Row:
        """Return the packet of a source that is seen at a place."""
        flux = source.flux(where.mjd_tai)
        err = flux_err_njy(where.band, flux)
        flux = math.copysign(max(abs(flux), 6.0 * err), flux)  # what is fainter would be no alert
        seen = Seen(**{**where.__dict__, "flux_njy": flux, "err_njy": err})
        packet = {
            **self._root, "diaSourceId": seen.identity, "observation_reason": "simulated", "target_name": "simulated",
            **(self._moving(source, seen, number) if source.kind is Kind.ASTEROID else self._static(source, seen, rng)),
        }  # fmt: skip
        if source.kind is Kind.ARTEFACT:
            packet["diaSource"][FLAGS[number % len(FLAGS)]] = True
        return {**packet, **_stamps(source, seen, rng)}

    def _static(self, source: Source, seen: Seen, rng: np.random.Generator) -> Row:
        before = past(source, seen, rng)
        first = next((one for one in before if one.detected), seen)
        owner = {"diaObjectId": first.identity}
        rows = [detection(self._blank["diaSource"], one, source, owner) for one in (*before, seen) if one.detected]
        return {
            "diaSource": rows[-1],
            "prvDiaSources": rows[:-1] or None,
            "prvDiaForcedSources": [
                forced(self._blank["prvDiaForcedSources"], one, source, owner["diaObjectId"]) for one in before
            ],
            "diaObject": record_of_object(self._blank["diaObject"], owner["diaObjectId"], rows),
        }

    def _moving(self, source: Source, seen: Seen, number: int) -> Row:
        plain, packed = designation(number)
        owner = {"ssObjectId": moving_id(packed)}
        moving = {
            "diaSourceId": seen.identity, **owner, "designation": plain, "ephRa": seen.ra_deg, "ephDec": seen.dec_deg,
            "ephOffset": 0.0, "topoRange": 1.2, "helioRange": 2.2, "phaseAngle": 5.0, "diaDistanceRank": 1,
            "ephVmag": AB_ZERO_POINT - 2.5 * math.log10(seen.flux_njy),
        }  # fmt: skip
        orbit = {
            "designation": plain, "unpacked_primary_provisional_designation": plain,
            "packed_primary_provisional_designation": packed,
            "q": 2.0, "e": 0.1, "i": 5.0, "node": 10.0, "argperi": 20.0, "h": 18.0, "g": 0.15, "epoch_mjd": 61000.0,
        }  # fmt: skip
        return {
            "diaSource": detection(self._blank["diaSource"], seen, source, owner),
            "ssSource": {**self._blank["ssSource"], **moving},
            "mpc_orbits": {**self._blank["mpc_orbits"], **orbit},
        }


def _stamps(source: Source, seen: Seen, rng: np.random.Generator) -> Row:
    """Return the three stamps: their difference is the source, but for noise."""
    size = int(rng.integers(SMALLEST_PX, LARGEST_PX + 1))
    noise = stamps.pixel_noise(seen.err_njy)
    host = source.template_njy if source.kind is Kind.SUPERNOVA else 0.0
    star = source.template_njy - host
    science = stamps.image(size, seen.flux_njy + star, noise, rng, host)
    template = stamps.image(size, star, 0.2 * noise, rng, host)
    images = {"cutoutScience": science, "cutoutTemplate": template, "cutoutDifference": science - template}
    return {name: stamps.fits(pixels, seen.ra_deg, seen.dec_deg) for name, pixels in images.items()}
