"""What trained scores of ZTF say of planted transients and contaminants, by detections, phase and brightness."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.files import JsonObject
from fink_lib.science.cases import early_snia, fast_transients, supernnova
from fink_lib.science.cases.host import Host
from fink_lib.science.framework.base import ModuleResult
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.planting.shares import share
from fink_lib.science.planting.transients import KINDS, Seen, plant_transients
from fink_lib.surveys.inputs import BANDS

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

COUNT = 300
JD = 2460000.5
THRESHOLD = 0.5
SIZES = ((1, 1), (2, 4), (5, 9), (10, 10_000))
PHASES_DAYS = ((-1e3, -5.0), (-5.0, 5.0), (5.0, 30.0), (30.0, 1e3))
MAGS = ((0.0, 18.0), (18.0, 19.5), (19.5, 21.0), (21.0, 22.5), (22.5, 30.0))
SUPERNOVAE = tuple(kind for kind in KINDS if kind.startswith("SN "))
# Module → its file, and the columns that are told: scores, or a verdict, which counts as 0 or 1.
MODULES: Mapping[str, tuple[ModuleType, tuple[str, ...]]] = {
    "early_snia": (early_snia, ("rf_snia_vs_nonia",)),
    "fast_transients": (fast_transients, ("is_fast_fader",)),
    "supernnova": (supernnova, ("snn_snia_vs_nonia", "snn_sn_vs_all")),
}
NEGATIVE = "negative difference"


def table(module: str, cache: Path, seed: int, count: int = COUNT) -> list[JsonObject]:
    """Return one row a column, class and part of it: objects, those scored, and the share above 0.5.

    Parameters
    ----------
    module
        A key of `MODULES`.
    cache
        Folder of the models.
    seed
        Of the planted objects.
    count
        Objects of each class.
    """
    planted = plant_transients(count, seed)
    batch = batch_of(planted)
    case, columns = MODULES[module]
    resource = case.load(cache) if hasattr(case, "load") else None
    with np.errstate(all="ignore"):  # as the runner of the modules has it
        found = case.compute(batch, resource)
    told = found.columns if isinstance(found, ModuleResult) else found
    rows = list[JsonObject]()
    for column in columns:
        values = told[column]
        score = np.array(values.to_pylist() if isinstance(values, pa.Array) else values, dtype=np.float64)
        for kind, part, mine in parts(planted):
            rows.append({"score": column, "class": kind, "part": part} | _row(mine, score))
    return rows


def parts(planted: Sequence[Seen]) -> Iterator[tuple[str, str, Flags]]:
    """Yield every class and, of supernovae, their parts, with the flags of the objects in them; none that are empty."""
    kind = np.array([one.kind for one in planted], dtype=object)
    size = np.array([one.detections for one in planted])
    phase = np.array([one.day[-1] for one in planted])
    mag = np.array([one.mag[-1] for one in planted])
    negative = np.array([not one.positive[-1] for one in planted])
    ranges: tuple[tuple[str, Floats, tuple[tuple[float, float], ...], Callable[[float, float], str]], ...] = (
        ("detections", size.astype(float), SIZES, lambda low, high: f"{low:g}" if low == high else f"{low:g}-{high:g}"),
        ("days after maximum", phase, PHASES_DAYS, _between),
        ("mag", mag, MAGS, _between),
    )
    for name in KINDS:
        mine = kind == name
        yield name, "all", mine
        if name in SUPERNOVAE:
            for title, values, bounds, words in ranges:
                for low, high in bounds:
                    inside = (values >= low) & (values <= high if title == "detections" else values < high)
                    if (mine & inside).any():
                        text = words(low, high) if high < 1e3 else f"{low:g} and more"  # noqa: PLR2004
                        yield name, f"{text} {title}", mine & inside
    yield NEGATIVE, "all", negative


def _between(low: float, high: float) -> str:
    """Return the words for a range that is open below, or on neither side."""
    return f"below {high:g}" if low in {0.0, -1e3} else f"{low:g} to {high:g}"


def _row(mine: Flags, score: Floats) -> JsonObject:
    scored = np.isfinite(score[mine])
    return {
        "objects": int(mine.sum()),
        "scored": int(scored.sum()),
        "above_0.5": share(int((score[mine][scored] > THRESHOLD).sum()), int(mine.sum())),
    }


def batch_of(planted: Sequence[Seen]) -> AlertBatch:
    """Return the objects as alerts in an empty place that is no known solar-system object's."""
    count = len(planted)
    offsets = np.r_[0, np.cumsum([len(one.day) for one in planted])].astype(np.int64)
    day, mag, error, band = (
        np.concatenate([getattr(one, name) for one in planted]) for name in ("day", "mag", "mag_err", "band")
    )
    codes = np.array([BANDS.index("g"), BANDS.index("r")], dtype=np.int8)
    scalars = {
        "time": JD + day[offsets[1:] - 1],
        "first_time": JD + np.array([one.first_day for one in planted]),
        "n_detections": np.array([one.detections for one in planted], dtype=float),
    }
    results = {"roid": pa.array([0] * count), "host_kind": pa.array([str(Host.EMPTY)] * count)}
    histories = {"time": JD + day, "mag": mag, "mag_err": error, "band": codes[band]}
    positive, limit = (np.concatenate([getattr(one, name) for one in planted]) for name in ("positive", "limit"))
    histories |= {"is_positive": np.where(np.isnan(mag), np.nan, positive), "mag_limit": limit}
    return AlertBatch(np.arange(count, dtype=np.int64), offsets, scalars, histories, results=results)
