"""`fink models`: convert trained models once, and show what they are."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fink_lib.cli.common import load_settings, say
from fink_lib.models import MODELS, ensure

app = typer.Typer(no_args_is_help=True)


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
    """Show every model: where it comes from, its hash, and how far the conversion is from the original."""
    from fink_lib.models.store import built_facts

    settings = load_settings()
    table = Table("model", "becomes", "file", "sha256", "built", "differs by", "reference")
    for source in MODELS.values():
        facts = built_facts(source.name, settings.cache)
        main = next(iter(source.files.values()))
        shown = ("no", "") if facts is None else (f"converter {facts.converter}", f"{facts.parity.max_diff:.1g}")
        digest = "" if facts is None else facts.digest[:12]
        table.add_row(source.name, str(source.kind), f"{source.package}: {main}", digest, *shown, source.reference)
    Console().print(table)
