"""Silver in memory, and the tables of objects that are made of it."""

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from fink_lib.lake import read
from fink_lib.lake.rows import Rows
from fink_lib.objects.merge import ObjectBook
from fink_lib.objects.pair_book import PairBook
from fink_lib.surveys import SURVEYS

NIGHTS = [dt.date(2026, 1, day) for day in range(1, 5)]
HEAD: dict[str, pa.DataType] = {
    "night": pa.date32(),
    "alert_id": pa.int64(),
    "object_id": pa.string(),
    "band": pa.string(),
    **dict.fromkeys(("time", "ra", "dec"), pa.float64()),
}
FACTS = {
    "ztf": {
        "roid": pa.int32(),
        "class_default": pa.string(),
        "candidate": pa.struct([("ssnamenr", pa.string())]),
    },
    "lsst": {
        "diaSource": pa.struct([("ssObjectId", pa.int64()), ("raErr", pa.float32()), ("decErr", pa.float32())]),
        "ssSource": pa.struct([("designation", pa.string())]),
    },
}


def alert(number: int, name: str | None, ra: float, dec: float, **more: Any) -> dict[str, Any]:
    """One row of silver."""
    usual = {"night": NIGHTS[0], "alert_id": number, "object_id": name, "time": 60000.0 + number, "band": "r"}
    return {**usual, "ra": ra % 360.0, "dec": dec, **more}


def silver(survey: str, rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Rows of silver as a table."""
    return pa.Table.from_pylist(list(rows), schema=pa.schema({**HEAD, **FACTS[survey]}))


def merge(lake: Path, survey: str, rows: pa.Table, nights: Iterable[dt.date], version: int = 1) -> None:
    """Merge nights of silver into the objects of a survey, and update the pairs."""

    def of_night(night: dt.date) -> Rows:
        return Rows(ds.dataset(rows), pc.field("night") == pa.scalar(night))

    ObjectBook(SURVEYS[survey], lake).merge(of_night, list(nights), version)
    PairBook(lake, 2.0).update()


def objects(lake: Path, survey: str, name: str = "objects") -> dict[str, dict[str, Any]]:
    """Objects by name, or by designation."""
    rows = read("gold", survey, name, lake=lake).to_pylist()
    return {row["object_id" if name == "objects" else "designation"]: row for row in rows}


def pairs(lake: Path, kind: str = "position") -> dict[tuple[str, str], dict[str, Any]]:
    """Pairs of a kind by their two names."""
    rows = read("gold", None, "object_pairs", lake=lake).to_pylist()
    return {(row["object_a"], row["object_b"]): row for row in rows if row["kind"] == kind}


def shifted(ra: float, dec: float, arcsec: float, angle_deg: float = 0.0) -> tuple[float, float]:
    """Return the place at a distance and a position angle, by astropy."""
    from astropy import units as u
    from astropy.coordinates import SkyCoord

    there = SkyCoord(ra * u.deg, dec * u.deg).directional_offset_by(angle_deg * u.deg, arcsec * u.arcsec)
    return float(there.ra.deg), float(there.dec.deg)


def random_sky(survey: str, seed: int, alerts: int, count: int) -> pa.Table:
    """Alerts of objects in two small patches, across RA 0 and around the north pole, over `NIGHTS`."""
    rng = np.random.default_rng(seed)
    of = rng.integers(0, count, alerts)
    ra, dec = rng.uniform(-0.05, 0.05, count) % 360.0, rng.uniform(-0.05, 0.05, count)
    polar = count // 3
    ra[:polar], dec[:polar] = rng.uniform(0, 360, polar), 90.0 - 0.04 * np.sqrt(rng.random(polar))
    jitter = rng.normal(0.0, 3e-5, (2, alerts))
    facts = {"roid": rng.integers(0, 3, alerts).astype(np.int32)} if survey == "ztf" else {}
    columns = {
        "night": pa.array([NIGHTS[at] for at in rng.integers(0, len(NIGHTS), alerts)], pa.date32()),
        "alert_id": np.arange(alerts),
        "object_id": [f"{survey}{one}" for one in of],
        "band": rng.choice(["g", "r"], alerts),
        "time": 60000.0 + rng.random(alerts),
        "ra": (ra[of] + jitter[0] / np.cos(np.radians(dec[of]))) % 360.0,
        "dec": np.minimum(dec[of] + jitter[1], 90.0),
        **facts,
    }
    return pa.table(columns)
