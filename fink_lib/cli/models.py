"""`fink models`: convert trained models once, and show what they are."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fink_lib.cli.common import load_settings, say
from fink_lib.cli.models_train import train
from fink_lib.science.models import MODELS, ModelFacts, ensure

app = typer.Typer(no_args_is_help=True)
app.command()(train)


@app.command()
def build(
    names: Annotated[list[str] | None, typer.Argument(help="Which models; all when none is named.")] = None,
    *,
    again: Annotated[bool, typer.Option("--again", help="Also those that are there already.")] = False,
) -> None:
    """Convert the models' files into arrays and graphs, and check each against its file."""
    settings = load_settings()
    for name in names or MODELS:
        facts, folder = ensure(name, settings.cache, again=again)
        parity = facts.parity
        say(f"{name}: {facts.digest[:12]}, within {parity.max_diff:.1g} of {parity.against}, in {folder}")


@app.command("list")
def list_() -> None:
    """Show every model: its hash, how far the conversion is from the original, and the file that it comes from."""
    from fink_lib.science.models.store import built_facts

    settings = load_settings()
    table = Table("model", "becomes", "sha256", "converter", "differs by", "file")
    for source in MODELS.values():
        facts = built_facts(source.name, settings.cache)
        made = ("not built", "", "") if facts is None else (facts.digest[:12], facts.converter, _diff(facts))
        table.add_row(source.name, str(source.kind), *made, Path(next(iter(source.files.values()))).name)
    Console().print(table)


def _diff(facts: ModelFacts) -> str:
    return f"{facts.parity.max_diff:.1g}"
