"""An example plot a science module, from real alerts: ``make science-plots DATA=DIR``.

DIR holds ``ztf`` (archives of ZTF packets), and where there are any ``lsst`` (Rubin packets) and ``elasticc``
(simulated ones, with long light curves). Each plot shows what a module found where it found most; of one that found
next to nothing, the reasons that it gave.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pyarrow as pa
import pyarrow.types as kinds
from matplotlib.figure import Figure

from fink_lib.config import Settings
from fink_lib.docs_pages.science import FOLDER, PLOTS
from fink_lib.offline.packets import packets_of
from fink_lib.science.framework.base import NOT_RUN, Module, Output
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.batch_builder import batch_of_packets, wanted
from fink_lib.science.framework.registry import MODULES, modules_of
from fink_lib.science.framework.runner import Outcome, run
from fink_lib.science.training.elasticc import ELASTICC_INPUTS, read_elasticc
from fink_lib.surveys import Survey, get_survey
from fink_lib.surveys.framing import ConfluentFraming
from fink_lib.surveys.inputs import inputs_of
from fink_lib.surveys.schema_source import FolderSchemas

BARS, BINS, DPI = 10, 40, 80
SEPARATION = "_sep_arcsec"
VALUES_MIN = 3  # fewer show nothing
SIMULATED_STEP = 8
# What tells most about a module, where it is not a separation or its first column.
EXAMPLES = frozenset(
    {"class_default", "is_transient", "mag_rate", "mulens_chi2_dof", "hostless_ks_template", "ps1_shape", "dc_mag"}
)
INK, FILL = "#22334d", "#7a9cc6"
WORD_CHARS = 46


@dataclass(frozen=True)
class Sample:
    """Alerts, and what the modules found among them.

    Attributes
    ----------
    title
        What they are called below a plot.
    modules
        Those that ran.
    outcome, count
        What they found, and the number of alerts.
    """

    title: str
    modules: tuple[Module, ...]
    outcome: Outcome
    count: int


@dataclass(frozen=True)
class Shown:
    """A column that tells something: its name, unit and values."""

    name: str
    unit: str
    column: pa.Array

    @property
    def valid(self) -> int:
        """Number of alerts that have a value."""
        return len(self.column) - int(self.column.null_count)


def draw_all(data: Path, folder: Path) -> list[Path]:
    """Run every module over the alerts below a folder and draw what each found.

    Parameters
    ----------
    data
        Holds ``ztf``, and where there are any ``lsst`` and ``elasticc``.
    folder
        Of the pages; plots go to its ``plots``.

    Returns
    -------
    One PNG file a module.
    """
    found = list(samples(data))
    (folder / PLOTS).mkdir(parents=True, exist_ok=True)
    return [draw(module, found, folder / PLOTS) for module in MODULES]


def samples(data: Path) -> Iterator[Sample]:
    """Yield the samples that a folder has alerts for."""
    for survey, title, pattern in (("ztf", "ZTF alerts", "ztf/*.tar.gz"), ("lsst", "Rubin alerts", "lsst/*.tar.gz")):
        adapter = _adapter(survey, data)
        packets = [packet for path in sorted(data.glob(pattern)) for packet in packets_of(path, adapter)]
        if packets:
            modules, inputs = modules_of(survey), inputs_of(survey)
            batch = batch_of_packets(packets, wanted(modules, inputs), inputs, adapter)
            yield _sample(title, modules, batch)
    if any((data / "elasticc").glob("class_*")):
        modules = _without_missing(modules_of("lsst"), set(ELASTICC_INPUTS.scalars))
        simulated, _ = read_elasticc(data / "elasticc", modules)
        batch = simulated.take(np.arange(0, len(simulated), SIMULATED_STEP))
        yield _sample("simulated Rubin supernovae", modules, batch)


def _adapter(name: str, data: Path) -> Survey:
    """Return a survey that finds the schemas of framed packets in the folder, not in a registry."""
    survey, schemas = get_survey(name), data / "schemas" / name
    if isinstance(survey.framing, ConfluentFraming) and schemas.is_dir():
        return replace(survey, framing=ConfluentFraming(FolderSchemas(schemas)))
    return survey


def _sample(title: str, modules: tuple[Module, ...], batch: AlertBatch) -> Sample:
    return Sample(title, modules, run(modules, batch, Settings().cache), len(batch))


def _without_missing(modules: Sequence[Module], scalars: set[str]) -> tuple[Module, ...]:
    """Return the modules that can be fed, and whose needs can."""
    kept: list[Module] = []
    written: set[str] = set()
    for module in modules:
        if set(module.scalars) <= scalars and not module.stamps and set(module.needs) <= written:
            kept.append(module)
            written |= {out.name for out in module.outputs}
    return tuple(kept)


def draw(module: Module, found: Sequence[Sample], folder: Path) -> Path:
    """Draw the column that tells most, in the sample where it has most values; the reasons where no column has any.

    Parameters
    ----------
    module
        One that ran in at least one sample.
    found
        All samples.
    folder
        Existing folder; the file bears the name of the module.

    Returns
    -------
    The PNG file.
    """
    told = [(sample, shown) for sample in found if module in sample.modules and (shown := _telling(module, sample))]
    figure = Figure(figsize=(6.4, 3.2), layout="constrained")
    axes = figure.add_subplot()
    if told:
        _draw_values(axes, *max(told, key=lambda each: each[1].valid))
    else:
        _draw_reasons(axes, module, next(sample for sample in found if module in sample.modules))
    target = folder / f"{module.name}.png"
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure.savefig(target, dpi=DPI, metadata={"Software": None})
    return target


def _draw_values(axes: Any, sample: Sample, shown: Shown) -> None:
    numbers = kinds.is_floating(shown.column.type)
    (_histogram if numbers else _bars)(axes, shown.column)
    unit = f" ({shown.unit})" if shown.unit else ""
    axes.set_title(f"{shown.name}: {shown.valid} of {sample.count} {sample.title}", fontsize=10, color=INK)
    axes.set_xlabel(f"{shown.name}{unit}" if numbers else "alerts")


def _draw_reasons(axes: Any, module: Module, sample: Sample) -> None:
    reasons = list(sample.outcome.errors.get(module.name, {}).values())
    _bars(axes, pa.array([why.removeprefix(NOT_RUN)[:WORD_CHARS] for why in reasons], type=pa.string()))
    axes.set_title(f"why {len(reasons)} of {sample.count} {sample.title} have no value", fontsize=10, color=INK)
    axes.set_xlabel("alerts")


def _telling(module: Module, sample: Sample) -> Shown | None:
    """Return the column that tells most and has something to show; None where no column has."""

    def rank(out: Output) -> tuple[bool, bool]:
        return out.name not in EXAMPLES, not out.name.endswith(SEPARATION)

    for out in sorted(module.outputs, key=rank):
        column = sample.outcome.columns[out.name]
        name = out.name
        if kinds.is_struct(out.type):
            name, column = f"{out.name}.{out.type.field(0).name}", column.field(0)
        if len(column) - column.null_count >= VALUES_MIN and not kinds.is_nested(column.type):
            return Shown(name, out.unit, column)
    return None


def _histogram(axes: Any, column: pa.Array) -> None:
    values = column.drop_null().to_numpy(zero_copy_only=False)
    low, high = np.quantile(values, [0.01, 0.99])
    axes.hist(values[(values >= low) & (values <= high)], bins=BINS, color=FILL)
    axes.set_ylabel("alerts")


def _bars(axes: Any, column: pa.Array) -> None:
    counts = Counter(str(value) or "(none)" for value in column.drop_null().to_pylist()).most_common(BARS)
    names, sizes = [name for name, _ in reversed(counts)], [size for _, size in reversed(counts)]
    axes.barh(names, sizes, color=FILL)
    axes.bar_label(axes.containers[0], fontsize=8, color=INK, padding=2)


if __name__ == "__main__":
    draw_all(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else FOLDER)  # noqa: PLR2004 - the second word
