"""`fink science accuracy`: what a module says beside labels that it did not see."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from fink_lib.cli.common import load_settings, say
from fink_lib.cli.tables import Column, write_rows
from fink_lib.errors import ConfigError


def accuracy(
    data: Annotated[
        Path,
        typer.Option(
            "--data",
            help="Of early_snia_rubin: folder with class_<classId>/*.parquet of ELAsTiCC alerts. Of context: folder "
            "with ztf/*.tar.gz of packets and fink_outputs/*.parquet of what Fink published for some of them.",
        ),
    ],
    out: Annotated[Path, typer.Option("--json", help="File to write the figures to.")],
    seed: Annotated[int, typer.Option("--seed", help="Seed of the bootstrap over objects.")] = 0,
    parts: Annotated[
        Path | None,
        typer.Option("--parts", help="File for accuracy by phase, detections, age and brightness, and calibration."),
    ] = None,
    module: Annotated[str, typer.Option("--module", help="early_snia_rubin or context.")] = "early_snia_rubin",
) -> None:
    """Measure a module against labels that it did not see.

    early_snia_rubin: SN Ia against SN II, area under the ROC curve and efficiency at a purity, for ours and for
    Fink's; every alert is scored by those members of our model that never saw its object in training.
    context: how often a place that SIMBAD, TNS, VSX or GCVS labels gets which class, where no rule sees that label.
    """
    if module not in MEASURES:
        raise ConfigError(f"no labels for '{module}': there are {', '.join(MEASURES)}")
    out.parent.mkdir(parents=True, exist_ok=True)
    MEASURES[module](data, out, seed, parts)


def _early_snia(data: Path, out: Path, seed: int, parts: Path | None) -> None:
    from fink_lib.science.training import early_snia_rubin_phases
    from fink_lib.science.training.early_snia_rubin_accuracy import compare

    if parts is not None:
        parts.write_text(json.dumps(early_snia_rubin_phases.figures(data, seed), indent=1) + "\n")
    figures = compare(data, seed)
    out.write_text(json.dumps(figures, indent=1) + "\n")
    for name, facts in figures.items():
        say(_line(name, facts))


def _context(data: Path, out: Path, _seed: int, _parts: Path | None) -> None:
    from fink_lib.compare_fink.context_labels import figures

    found = figures(data, load_settings(any_lake=True).cache)
    out.write_text(json.dumps(found, indent=1) + "\n")
    for title, rows in found.items():
        say(title)
        write_rows(tuple(Column(name) for name in rows[0]) if rows else (), rows)


MEASURES: Mapping[str, Callable[[Path, Path, int, Path | None], None]] = {
    "early_snia_rubin": _early_snia,
    "context": _context,
}


def _line(name: str, facts: dict[str, Any]) -> str:
    efficiency = facts["efficiency_at_purity"]
    return (
        f"{name:31} AUC {facts['auc']:.4f} [{facts['auc_low']:.4f}, {facts['auc_high']:.4f}]  "
        f"efficiency at purity 0.5 {efficiency['0.5']:.3f}, 0.9 {efficiency['0.9']:.3f}  "
        f"({facts['n_pos']} Ia, {facts['n_neg']} II)"
    )
