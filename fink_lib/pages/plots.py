"""An example plot a science module, from real alerts: ``python -m fink_lib.pages.plots PATH [FOLDER]``.

PATH holds ZTF packets (a folder or an archive); each plot shows what the module found among them.
"""

import io
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import fastavro
import matplotlib as mpl
import numpy as np
import pyarrow as pa
import pyarrow.types as kinds
from matplotlib.figure import Figure

from fink_lib.config import Settings
from fink_lib.pages.science import FOLDER, PLOTS
from fink_lib.science.base import Module
from fink_lib.science.forming import batch_of_packets, wanted
from fink_lib.science.inputs import inputs_of
from fink_lib.science.registry import modules_of
from fink_lib.science.runner import Outcome, run
from fink_lib.simulator.reading import read_path
from fink_lib.surveys import get_survey

SURVEY = "ztf"
BARS, BINS, DPI = 10, 40, 80
SEPARATION = "_sep_arcsec"
VALUES_MIN = 3  # fewer show nothing
# What tells most about a module, where it is not a separation or its first column.
EXAMPLES = frozenset(
    {"class_default", "is_transient", "mag_rate", "mulens_chi2_dof", "hostless_ks_template", "ps1_shape", "dc_mag"}
)
INK, FILL = "#22334d", "#7a9cc6"


def draw_all(path: Path, folder: Path) -> list[Path]:
    """Run every module over the packets below a path and draw what each found."""
    packets = list(read_packets(path))
    modules = modules_of(SURVEY)
    batch = batch_of_packets(packets, wanted(modules, inputs_of(SURVEY)), inputs_of(SURVEY), get_survey(SURVEY))
    outcome = run(modules, batch, Settings().cache)
    (folder / PLOTS).mkdir(parents=True, exist_ok=True)
    return [each for module in modules if (each := _draw(module, outcome, len(packets), folder / PLOTS)) is not None]


def read_packets(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the packets of the Avro containers below a path."""
    for content in read_path(path):
        if content.name.endswith(".avro") and content.data:
            yield from fastavro.reader(io.BytesIO(content.data))  # type: ignore[misc]  # a record may be anything


def _draw(module: Module, outcome: Outcome, count: int, folder: Path) -> Path | None:
    """Draw the column that tells most and has something to show; None where no column has."""
    for out in sorted(module.outputs, key=lambda each: (each.name not in EXAMPLES, not each.name.endswith(SEPARATION))):
        column = outcome.columns[out.name]
        column = column.field(0) if kinds.is_struct(out.type) else column
        name = f"{out.name}.{out.type.field(0).name}" if kinds.is_struct(out.type) else out.name
        if len(column) - column.null_count < VALUES_MIN or kinds.is_nested(column.type):
            continue
        figure = Figure(figsize=(6.4, 3.2), layout="constrained")
        axes = figure.add_subplot()
        numbers = kinds.is_floating(column.type)
        (_histogram if numbers else _bars)(axes, column)
        axes.set_title(f"{name}: {len(column) - column.null_count} of {count} ZTF alerts", fontsize=10, color=INK)
        axes.set_xlabel(f"{name} ({out.unit})" if numbers and out.unit else name if numbers else "alerts")
        target = folder / f"{module.name}.png"
        with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
            figure.savefig(target, dpi=DPI, metadata={"Software": None})
        return target
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
