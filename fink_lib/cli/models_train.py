"""`fink models train`: train a model of our own."""

from pathlib import Path
from typing import Annotated

import typer

from fink_lib.cli.common import say
from fink_lib.errors import ConfigError

TRAINABLE = ("early_snia_rubin",)


def train(
    name: Annotated[str, typer.Argument(help="Model: early_snia_rubin.")],
    data: Annotated[Path, typer.Option("--data", help="Folder with class_<classId>/*.parquet of ELAsTiCC alerts.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write [default: the model that comes with the code].")
    ] = None,
) -> None:
    """Train a model on labelled alerts, and write it with its card.

    The same data, code and package versions give the same bytes.
    """
    if name not in TRAINABLE:
        raise ConfigError(f"no training for a model '{name}': there is {', '.join(TRAINABLE)}")
    from fink_lib.science.methods.rubin.early_snia_model import MODEL_FILE
    from fink_lib.science.training.early_snia_rubin import train as train_early_snia

    path = out or MODEL_FILE
    card = train_early_snia(data, path)
    for variant, facts in card["accuracy"].items():
        interval = f"[{facts['auc_low']:.4f}, {facts['auc_high']:.4f}]"
        say(f"{variant:13} AUC {facts['auc']:.4f} {interval} on objects unseen by the members that scored them")
    say(f"written: {path} ({path.stat().st_size} bytes)")
