"""What tests of science modules share: real packets, batches of them, and single made alerts."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fink_lib.config import Settings
from fink_lib.science.framework.base import Module
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.batch_builder import batch_of_packets, wanted
from fink_lib.science.framework.registry import modules_of
from fink_lib.science.framework.runner import Outcome, run
from fink_lib.surveys import get_survey
from fink_lib.surveys.inputs import inputs_of
from fink_lib.surveys.missing import known_scalar

CACHE = Settings().cache
NAN = float("nan")


def batch_of(packets: Sequence[dict[str, Any]], modules: Sequence[Module], survey: str = "ztf") -> AlertBatch:
    """Return packets as the batch that some modules read."""
    inputs = inputs_of(survey)
    return batch_of_packets(packets, wanted(modules, inputs), inputs, get_survey(survey))


def outcome_of(packets: Sequence[dict[str, Any]], *names: str, survey: str = "ztf") -> Outcome:
    """Run some modules over packets."""
    modules = modules_of(survey, names)
    return run(modules, batch_of(packets, modules, survey), CACHE)


def one_alert(scalars: dict[str, Any], histories: dict[str, Sequence[Any]] | None = None) -> AlertBatch:
    """Return a batch of one alert of ZTF; a text scalar stays text, and a filler is read as it is in a packet."""
    columns = {name: np.asarray(values) for name, values in (histories or {}).items()}
    points = len(next(iter(columns.values()))) if columns else 0
    singles: dict[str, Any] = {}
    for name, value in scalars.items():
        text = isinstance(value, str | bytes) or value is None
        singles[name] = np.array([value], dtype=object if text else float)
        if not text and name in inputs_of("ztf").scalars:
            singles[name] = known_scalar(singles[name], name, inputs_of("ztf"))
    return AlertBatch(np.array([1]), np.array([0, points]), singles, columns)
