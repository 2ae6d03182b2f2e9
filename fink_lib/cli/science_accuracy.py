"""`fink science accuracy`: our supernova classifier beside Fink's on the same simulated alerts."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from fink_lib.cli.common import say


def accuracy(
    data: Annotated[Path, typer.Option("--data", help="Folder with class_<classId>/*.parquet of ELAsTiCC alerts.")],
    out: Annotated[Path, typer.Option("--json", help="File to write the figures to.")],
    seed: Annotated[int, typer.Option("--seed", help="Seed of the bootstrap over objects.")] = 0,
    parts: Annotated[
        Path | None,
        typer.Option("--parts", help="File for accuracy by phase, detections, age and brightness, and calibration."),
    ] = None,
) -> None:
    """Measure SN Ia against SN II: area under the ROC curve and efficiency at a purity, for ours and for Fink's.

    Every alert is scored by those members of our model that never saw its object in training.
    """
    from fink_lib.science.training import early_snia_rubin_phases
    from fink_lib.science.training.early_snia_rubin_accuracy import compare

    if parts is not None:
        parts.write_text(json.dumps(early_snia_rubin_phases.figures(data, seed), indent=1) + "\n")
    figures = compare(data, seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(figures, indent=1) + "\n")
    for name, facts in figures.items():
        say(_line(name, facts))


def _line(name: str, facts: dict[str, Any]) -> str:
    efficiency = facts["efficiency_at_purity"]
    return (
        f"{name:31} AUC {facts['auc']:.4f} [{facts['auc_low']:.4f}, {facts['auc_high']:.4f}]  "
        f"efficiency at purity 0.5 {efficiency['0.5']:.3f}, 0.9 {efficiency['0.9']:.3f}  "
        f"({facts['n_pos']} Ia, {facts['n_neg']} II)"
    )
