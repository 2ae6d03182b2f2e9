"""How well SN Ia and SN II are told apart early: by phase, number of detections, age and brightness.

Alerts are scored by members that never saw their object. Three sets of fields are compared: all that a simulated
packet has, the same without the host, and what a Rubin packet of schema 11 has: no host, and no forced photometry
from before the first detection, which says how long the place was empty.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fink_lib.files import JsonObject
from fink_lib.science.cases.rubin import early_snia
from fink_lib.science.framework.accuracy import accuracy
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.rubin.early_snia_model import (
    EarlySnIaModel,
    load_model,
    mean_of,
    probabilities,
    with_prior,
)
from fink_lib.science.planting.shares import share
from fink_lib.science.training.elasticc import Truth, read_elasticc

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SERVED = "fields of Rubin's schema 11"
COUNTS = ((1, 1), (2, 4), (5, 5), (6, 10), (11, 10_000))
AGES_DAYS = ((0.0, 5.0), (5.0, 15.0), (15.0, 30.0), (30.0, 1e4))
PHASES_DAYS = ((-1e4, -10.0), (-1e4, 0.0), (0.0, 20.0), (20.0, 1e4))
MAGS = ((0.0, 22.0), (22.0, 23.0), (23.0, 40.0))
SCORES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0 + 1e-9)
PRIORS = (0.1, 0.25, 0.5, 0.8)
AB_ZERO_NJY = 31.4
WIDE = 1e4  # no bound


@dataclass(frozen=True)
class _Alerts:
    """What the parts of the table are made from, one value an alert."""

    phase_days: Floats
    age_days: Floats
    detections: npt.NDArray[np.int64]
    mag: Floats


def figures(folder: Path, seed: int, model: EarlySnIaModel | None = None) -> dict[str, list[JsonObject]]:
    """Return the tables of the page: accuracy by part, and calibration of what is served.

    Parameters
    ----------
    folder
        Holds ``class_<classId>/*.parquet`` of ELAsTiCC alerts.
    seed
        Of the bootstrap over objects.
    model
        The one that comes with the code if none.
    """
    model = model or load_model()
    batch, truth = read_elasticc(folder, early_snia.MODULES)
    unseen = model.unseen_by(truth.object_id)
    bare = without_earlier_forced(batch)
    scores = {
        "with a host": mean_of(probabilities(model, batch), unseen),
        "without a host": mean_of(probabilities(model, batch, use_host=False), unseen),
        SERVED: mean_of(probabilities(model, bare, use_host=False), unseen),
    }
    alerts = _alerts(batch, truth)
    return {
        "Area under the ROC curve": list(_accuracy_rows(scores, alerts, truth, seed)),
        "Calibration": list(_calibration_rows(scores[SERVED], alerts, truth)),
    }


def without_earlier_forced(batch: AlertBatch) -> AlertBatch:
    """Return the alerts without forced photometry from before their first detection."""
    first = np.minimum.reduceat(batch.histories["time"], batch.offsets[:-1])
    owner = np.repeat(np.arange(len(batch)), np.diff(batch.forced_offsets))
    keep = batch.forced["time"] >= first[owner]
    total = np.r_[0, np.cumsum(keep)]
    forced = {name: values[keep] for name, values in batch.forced.items()}
    return replace(batch, forced=forced, forced_offsets=total[batch.forced_offsets].astype(np.int64))


def _alerts(batch: AlertBatch, truth: Truth) -> _Alerts:
    flux, time = batch.history("flux"), batch.history("time")
    last = flux.offsets[1:] - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        mag = AB_ZERO_NJY - 2.5 * np.log10(flux.values[last])
    age = time.values[last] - np.minimum.reduceat(time.values, time.offsets[:-1])
    return _Alerts(time.values[last] - truth.peak_mjd, age, flux.count(flux.values > 0.0), mag)


def _accuracy_rows(scores: Mapping[str, Floats], alerts: _Alerts, truth: Truth, seed: int) -> Iterator[JsonObject]:
    for part, mine in _parts(alerts):
        ia, ii = (np.unique(truth.object_id[mine & (truth.is_ia == kind)]) for kind in (True, False))
        row: JsonObject = {"alerts": part, "number": int(mine.sum()), "SN Ia": len(ia), "SN II": len(ii)}
        for name, score in scores.items():
            row[name] = ""
            if len(ia) and len(ii):
                found = accuracy(score[mine], truth.is_ia[mine], truth.object_id[mine], seed)
                row[name] = f"{found.auc:.3f} [{found.auc_low:.3f}, {found.auc_high:.3f}]"
        yield row


def _parts(alerts: _Alerts) -> Iterator[tuple[str, Flags]]:
    enough = alerts.detections >= early_snia.MIN_DETECTIONS
    gate = f"{early_snia.MIN_DETECTIONS} detections or more"
    yield "all", np.ones(len(enough), dtype=bool)
    yield f"all, {gate} (served)", enough
    for low, high in PHASES_DAYS:
        inside = (alerts.phase_days >= low) & (alerts.phase_days < high)
        name = _range("days from maximum", low, high)
        yield name, inside
        yield f"{name}, {gate} (served)", inside & enough
    for first, most in COUNTS:
        name = _range("detections", first, most + 1) if most != first else f"detections: {first}"
        yield name, (alerts.detections >= first) & (alerts.detections <= most)
    for low, high in AGES_DAYS:
        yield _range("days since the first detection", low, high), (alerts.age_days >= low) & (alerts.age_days < high)
    for low, high in MAGS:
        yield _range("mag", low, high), (alerts.mag >= low) & (alerts.mag < high)


def _range(what: str, low: float, high: float) -> str:
    if low <= -WIDE:
        return f"{what}: below {high:g}"
    return f"{what}: {low:g} or more" if high >= WIDE else f"{what}: {low:g} to below {high:g}"


def _calibration_rows(score: Floats, alerts: _Alerts, truth: Truth) -> Iterator[JsonObject]:
    """Yield, for each bin of the score, the share of SN Ia by object, and what the score means at other priors."""
    served = alerts.detections >= early_snia.MIN_DETECTIONS
    for low, high in pairwise(SCORES):
        mine = served & (score >= low) & (score < high)
        objects, first = np.unique(truth.object_id[mine], return_index=True)
        ia = int(truth.is_ia[mine][first].sum())
        middle = float(score[mine].mean()) if mine.any() else float("nan")
        row: JsonObject = {
            "score": f"{low:g} to {min(high, 1.0):g}",
            "alerts": int(mine.sum()),
            "objects": len(objects),
            "mean score": round(middle, 3),
            "SN Ia among the objects, %": share(ia, len(objects)),
        }
        for prior in PRIORS:
            row[f"at a share of {prior:g}"] = round(float(with_prior(np.array([middle]), prior)[0]), 3)
        yield row
