"""Made-up alerts in the shape of ELAsTiCC's files: two kinds of light curves that differ in colour and decline."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

NIGHT = 60929.3
BANDS = "ugrizY"
HOST = {f"hostgal_mag_{band}": 22.0 for band in BANDS} | {
    "hostgal_zphot": 0.3,
    "hostgal_zphot_err": 0.1,
    "hostgal_snsep": 0.5,
    "hostgal_sqradius": 8.0,
}
NO_HOST = dict.fromkeys(HOST, -999.0) | {f"hostgal_mag_{band}": 999.0 for band in BANDS} | {"hostgal_snsep": -9.0}


def point(time: float, band: str, flux: float, error: float = 300.0) -> dict[str, Any]:
    """Return one measurement."""
    return {"midPointTai": time, "filterName": band, "psFlux": flux, "psFluxErr": error, "ra": 10.0, "decl": -20.0}


def alert(number: int, object_id: int, *, is_ia: bool, draw: np.random.Generator, host: bool = True) -> dict[str, Any]:
    """Return one alert: 4 to 14 detections that fade fast and blue (Ia) or slowly and red (II)."""
    count = int(draw.integers(4, 15))
    ages = np.sort(draw.uniform(0.0, 60.0, count))[::-1]
    ages[-1] = 0.0
    colour = {"g": 1.0, "r": 1.0, "i": 0.6, "z": 0.5} if is_ia else {"g": 0.4, "r": 0.8, "i": 1.0, "z": 1.0}
    decline = 20.0 if is_ia else 90.0
    sources = []
    for age in ages.tolist():
        band = str(draw.choice(list(colour)))
        flux = 9000.0 * colour[band] * np.exp((age - 60.0) / decline) + draw.normal(0.0, 300.0)
        sources.append(point(NIGHT - age, band, float(flux)))
    forced = [{key: each[key] for key in ("midPointTai", "filterName", "psFlux", "psFluxErr")} for each in sources[:-1]]
    forced += [{**forced[0], "midPointTai": NIGHT - 70.0 - step, "psFlux": 10.0} for step in range(3)]
    return {
        "alertId": number,
        "diaSource": {**sources[-1], "diaObjectId": object_id},
        "prvDiaSources": sources[:-1],
        "prvDiaForcedSources": forced if number % 3 else None,
        "diaObject": {"diaObjectId": object_id, **(HOST if host else NO_HOST)},
        "GENTYPE": 10 if is_ia else 31 + number % 6,
        "rf_snia_vs_nonia": None if number % 7 == 0 else float(draw.choice([0.0, draw.random()])),
        "snn_snia_vs_nonia": float(draw.random()),
    }


def write_alerts(folder: Path, objects: int = 60, seed: int = 1) -> Path:
    """Write one file for either class: objects of one to three alerts, one alert in ten without a host."""
    draw = np.random.default_rng(seed)
    number = 0
    for is_ia, name in ((True, "class_111"), (False, "class_113")):
        rows = []
        for place in range(objects):
            object_id = 1000 * (2 - is_ia) + place
            for _ in range(int(draw.integers(1, 4))):
                number += 1
                rows.append(alert(number, object_id, is_ia=is_ia, draw=draw, host=number % 10 != 0))
        (folder / name).mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(rows), folder / name / "part-0-0.parquet")
    return folder
