"""SN Ia against SN II on simulated alerts: our model beside the scores that Fink stored on the very same rows."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fink_lib.science.cases.rubin import early_snia
from fink_lib.science.framework.accuracy import accuracy
from fink_lib.science.methods.rubin.early_snia_model import EarlySnIaModel, load_model, mean_of, probabilities
from fink_lib.science.training.elasticc import Truth, read_elasticc

Floats = npt.NDArray[np.float64]

OURS = "early_snia_rubin"
OURS_WITHOUT_HOST = "early_snia_rubin_without_host"


def compare(folder: Path, seed: int, model: EarlySnIaModel | None = None) -> dict[str, dict[str, Any]]:
    """Measure every classifier on all SN Ia and SN II of a folder.

    Our model scores each alert with the members that never saw its object: for a folder that took no part in the
    training these are all of them.
    A null of Fink's counts as 0, as its own 0 does, which is what it wrote where a classifier did not run; how many
    there are is told (``n_null``, ``n_zero``), and ``where_scored`` compares it with ours on the other alerts alone.

    Parameters
    ----------
    folder
        Holds ``class_<classId>/*.parquet``.
    seed
        Of the bootstrap.
    model
        The one to measure; the one that is shipped if none.

    Returns
    -------
    dict
        Classifier → its accuracy.
    """
    model = model or load_model()
    batch, truth = read_elasticc(folder, early_snia.MODULES)
    unseen = model.unseen_by(truth.object_id)
    ours = mean_of(probabilities(model, batch), unseen)
    result = {
        OURS: _ours(ours, truth, model, seed),
        OURS_WITHOUT_HOST: _ours(mean_of(probabilities(model, batch, use_host=False), unseen), truth, model, seed),
    }
    for name, stored in truth.fink.items():
        result[name] = _theirs(stored, ours, truth, seed)
    return result


def _ours(score: Floats, truth: Truth, model: EarlySnIaModel, seed: int) -> dict[str, Any]:
    facts = asdict(accuracy(score, truth.is_ia, truth.object_id, seed))
    in_training = np.isin(truth.object_id, model.trained_on)
    facts["split"] = asdict(model.split)
    facts["model_sha256"] = model.digest
    facts["n_rows_of_objects_in_training"] = int(in_training.sum())
    facts["scored_by"] = "for each alert, the mean of the members that never saw its object"
    return facts


def _theirs(stored: Floats, ours: Floats, truth: Truth, seed: int) -> dict[str, Any]:
    score = np.nan_to_num(stored, nan=0.0)
    facts = asdict(accuracy(score, truth.is_ia, truth.object_id, seed))
    facts["n_null"], facts["n_zero"] = int(np.isnan(stored).sum()), int((stored == 0.0).sum())
    scored = score > 0.0
    positive = truth.is_ia[scored]
    if positive.any() and not positive.all():
        facts["where_scored"] = {
            "theirs": asdict(accuracy(score[scored], positive, truth.object_id[scored], seed)),
            "ours": asdict(accuracy(ours[scored], positive, truth.object_id[scored], seed)),
        }
    return facts
