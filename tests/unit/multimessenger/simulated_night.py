"""A simulated night: a footprint of a quarter of the sky, fields in order of time, fewer sources far in the north."""

import numpy as np
import numpy.typing as npt

from fink_lib.multimessenger.background import Background, background_of
from fink_lib.multimessenger.matching import Sources

Floats = npt.NDArray[np.float64]

RA_DEG, DEC_DEG = (0.0, 200.0), (-28.0, 70.0)
FIELD_DEG = 7.0
LENGTH_S = 0.4 * 86_400.0


def even_places(random: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    """Return places that cover the footprint evenly."""
    sines = random.uniform(*np.sin(np.radians(DEC_DEG)), count)
    return random.uniform(*RA_DEG, count), np.degrees(np.arcsin(sines))


def even_sky(random: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    """Return places that cover the whole sky evenly."""
    return random.uniform(0.0, 360.0, count), np.degrees(np.arcsin(random.uniform(-1.0, 1.0, count)))


def night(seed: int, count: int) -> tuple[Sources, Background, tuple[Floats, Floats]]:
    """Return new sources, their background, and places all over the footprint."""
    random = np.random.default_rng(seed)
    ra_deg, dec_deg = even_places(random, 4 * count)
    kept = np.flatnonzero(random.uniform(size=4 * count) < np.exp(-(dec_deg - DEC_DEG[0]) / 60.0))[:count]
    ra_deg, dec_deg = ra_deg[kept], dec_deg[kept]
    fields = np.ceil((RA_DEG[1] - RA_DEG[0]) / FIELD_DEG)
    first_s = (np.floor(ra_deg / FIELD_DEG) + random.uniform(size=len(kept))) * LENGTH_S / fields
    seen = even_places(random, 60_000)
    sources = Sources(ra_deg, dec_deg, first_s, np.full(len(kept), np.nan))
    return sources, background_of(seen, (ra_deg, dec_deg), first_s), seen
