"""Transients without a visible host: the stamps of the alerts that pass every cheaper test."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.fits_image import NoImageError, read_image
from fink_lib.science.framework.base import Cost, Module, ModuleResult, Output, Role
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods import elephant
from fink_lib.surveys.inputs import POSITIVE

Flags = npt.NDArray[np.bool_]
Compare = Callable[[elephant.Image, elephant.Image, int], elephant.HostlessResult]

SHAPE_PX = (63, 63)
MAG_MAX, AGE_DAYS_MAX = 20.0, 90.0
KNOWN_TO_MOVE = 3  # value of `roid`
FLAGS = ("positivesubtraction", "real", "pointunderneath", "brightstar", "variablesource")
SCIENCE_MAX, TEMPLATE_MAX = 0.5, 0.85  # statistics of Fink's three hostless filters
SEED_BITS = (1 << 64) - 1
# Those of the gates that Spark can tell from three numbers and a letter; `gates` says the same of the same alerts.
CHEAP_GATES = (
    f"CAST({{is_positive}} AS STRING) IN ({', '.join(map(repr, POSITIVE))})"
    f" AND {{mag}} <= {MAG_MAX}D AND {{time}} - {{first_time}} <= {AGE_DAYS_MAX}D"
)


def compute(batch: AlertBatch, _resource: Any) -> ModuleResult:
    """Compare the stamps of the alerts that pass the gates; the others are told which one they failed.

    Parameters
    ----------
    batch
        Alerts with their science and template stamps, and the flags that the gates read.
    _resource
        Not used: nothing is loaded.
    """
    return examine(batch, gates(batch), whole)


def examine(
    batch: AlertBatch,
    reasons: Sequence[tuple[Flags, str]],
    look: Callable[[elephant.Image], elephant.Image],
    compare: Compare = elephant.compare,
    decide: Callable[[elephant.HostlessResult], bool] | None = None,
) -> ModuleResult:
    """Compare the stamps of the alerts that no reason keeps out.

    Parameters
    ----------
    batch
        Alerts with their stamps.
    reasons
        Who is not looked at, and why.
    look
        From an image to the part of it that is compared; raises `NoImageError` where there is none.
    compare
        From both images and a seed to the verdict.
    decide
        From the verdict to `is_hostless`; that of Fink's filters if none.
    """
    survivors = np.flatnonzero(~np.logical_or.reduce([flags for flags, _ in reasons]))
    columns: dict[str, Any] = {
        "is_hostless": np.full(len(batch), None, dtype=object),
        "hostless_ks_science": np.full(len(batch), np.nan),
        "hostless_ks_template": np.full(len(batch), np.nan),
    }
    unread: dict[str, Flags] = {}
    for row in survivors.tolist():
        try:
            science, template = (_image(batch, name, row, look) for name in ("science", "template"))
        except NoImageError as problem:
            unread.setdefault(str(problem), np.zeros(len(batch), dtype=bool))[row] = True
            continue
        verdict = compare(science, template, int(batch.alert_id[row]) & SEED_BITS)
        columns["is_hostless"][row] = (decide or is_hostless)(verdict)
        columns["hostless_ks_science"][row] = verdict.science
        columns["hostless_ks_template"][row] = verdict.template
    return ModuleResult(columns, [*reasons, *((flags, why) for why, flags in unread.items())])


def gates(batch: AlertBatch) -> list[tuple[Flags, str]]:
    """Return who is not looked at, and why; the first reason that applies is the one that is told."""
    alert = batch.scalars
    age = alert["time"] - alert["first_time"]
    return [
        (np.asarray(batch.results["roid"].fill_null(0)) == KNOWN_TO_MOVE, "a known solar-system object"),
        (_is(batch, "positivesubtraction", value=False), "fainter than the reference"),
        (_is(batch, "real", value=False), "likely an artefact"),
        (_is(batch, "pointunderneath") | _is(batch, "brightstar"), "on or next to a star"),
        (_is(batch, "variablesource"), "likely a variable star"),
        (age > AGE_DAYS_MAX, f"older than {AGE_DAYS_MAX:g} days"),
        (alert["mag"] > MAG_MAX, f"fainter than {MAG_MAX:g} mag"),
        *((_is_null(batch, name), f"'{name}' is not known") for name in (*FLAGS, "roid")),
        (np.isnan(age), "the time of the first detection is not known"),
        (np.isnan(alert["mag"]), "the magnitude is not known"),
    ]


def is_hostless(verdict: elephant.HostlessResult) -> bool:
    """Tell whether both statistics are those of Fink's hostless filters."""
    return bool(verdict.is_candidate and verdict.science <= SCIENCE_MAX and verdict.template <= TEMPLATE_MAX)


def whole(image: elephant.Image) -> elephant.Image:
    """Return a stamp that is as large as all are.

    Raises
    ------
    NoImageError
        When the edge of the detector cut it.
    """
    if image.shape != SHAPE_PX:
        raise NoImageError(f"is {image.shape[0]}x{image.shape[1]} pixels, cut by an edge")
    return image


def _image(batch: AlertBatch, name: str, row: int, look: Callable[[elephant.Image], elephant.Image]) -> elephant.Image:
    try:
        image = look(read_image(batch.stamps[name][row]))
    except NoImageError as problem:
        raise NoImageError(f"the {name} stamp {problem}") from problem
    if not np.isfinite(image).all():
        raise NoImageError(f"the {name} stamp has blank pixels")
    return image


def _is(batch: AlertBatch, name: str, *, value: bool = True) -> Flags:
    """Return where a flag is known and has a value."""
    flags: Flags = np.asarray(batch.results[name].cast(pa.bool_()).fill_null(not value), dtype=bool) == value
    return flags


def _is_null(batch: AlertBatch, name: str) -> Flags:
    return np.asarray(batch.results[name].is_null(), dtype=bool)


OUTPUTS = (
    Output("is_hostless", pa.bool_(), "", "A source in one stamp only, and both statistics below their limits."),
    Output(
        "hostless_ks_science",
        pa.float64(),
        "",
        "How unlike noise the science stamp is, 0 to 1; null where both stamps show the same sources.",
        Role.SCORE,
    ),
    Output("hostless_ks_template", pa.float64(), "", "The same for the template stamp.", Role.SCORE),
)
MODULES = (
    Module(
        name="hostless",
        version="1.2",
        meaning="Does the transient shine where the reference shows no host?",
        reference="ELEPHANT: Pessi et al. 2024 (arXiv:2404.18165); thresholds of Fink's hostless filters",
        surveys=("ztf",),
        cost=Cost.HEAVY,
        scalars=("first_time", "is_positive", "mag", "time"),
        stamps=("science", "template"),
        stamps_if=CHEAP_GATES,
        needs=(*FLAGS, "roid"),
        outputs=OUTPUTS,
        compute=compute,
    ),
)
