"""`fink models`: convert trained models once, and show what they are."""

from pathlib import Path
from typing import Annotated

import typer

from fink_lib.cli.common import load_settings, say
from fink_lib.cli.models_train import train
from fink_lib.cli.tables import Column, json_option, write_rows
from fink_lib.science.models import MODELS, ModelFacts, ModelSource, ensure

app = typer.Typer(no_args_is_help=True)
app.command()(train)
DIGITS_SHOWN = 12
COLUMNS = (
    Column("model", is_id=True),
    Column("becomes"),
    Column("sha256", shown=lambda digits: digits[:DIGITS_SHOWN] + "…"),
    Column("converter"),
    Column("differs_by", shown=lambda largest: f"{largest:.1g}"),
    Column("file", is_id=True),
    Column("is_built"),
)


@app.command()
def build(
    names: Annotated[list[str] | None, typer.Argument(help="Which models; all when none is named.")] = None,
    *,
    again: Annotated[bool, typer.Option("--again", help="Also those that are there already.")] = False,
) -> None:
    """Convert the models' files into arrays and graphs, and check each against its file."""
    settings = load_settings(any_lake=True)
    for name in names or MODELS:
        facts, folder = ensure(name, settings.cache, again=again)
        parity = facts.parity
        say(f"{name}: {facts.digest[:DIGITS_SHOWN]}, within {parity.max_diff:.1g} of {parity.against}, in {folder}")


@app.command("list")
def list_(*, as_json: Annotated[bool, json_option(COLUMNS)] = False) -> None:
    """Show every model: its hash, how far the conversion is from the original, and the file that it comes from."""
    from fink_lib.science.models.store import built_facts

    cache = load_settings(any_lake=True).cache
    rows = [_row(source, built_facts(source.name, cache)) for source in MODELS.values()]
    write_rows(COLUMNS, rows, as_json=as_json)


def _row(source: ModelSource, facts: ModelFacts | None) -> dict[str, object]:
    return {
        "model": source.name,
        "becomes": source.kind,
        "sha256": facts and facts.digest,
        "converter": facts and facts.converter,
        "differs_by": facts and facts.parity.max_diff,
        "file": Path(next(iter(source.files.values()))).name,
        "is_built": facts is not None,
    }
