"""`fink losses`: messages that Kafka offered and no table holds: list them, accept what is gone for good."""

import getpass
from collections.abc import Sequence
from typing import Annotated

import typer

from fink_lib.cli.common import HomeOption, load_settings, note, say
from fink_lib.cli.tables import Column, json_option, write_rows
from fink_lib.errors import ConfigError
from fink_lib.lake.losses import Loss, accept_losses, chosen_losses, read_losses
from fink_lib.monitoring.surveys import open_losses_of

app = typer.Typer(no_args_is_help=True)
SurveyOption = Annotated[str, typer.Option(help="Whose messages.")]
COLUMNS = (
    Column("loss", is_id=True),
    Column("messages"),
    Column("night", is_id=True),
    Column("state"),
    Column("why"),
)


@app.command("list")
def show_all(
    *,
    survey: SurveyOption = "ztf",
    home: HomeOption = None,
    as_json: Annotated[bool, json_option(COLUMNS)] = False,
) -> None:
    """List what is lost: what keeps nights red, and what was accepted."""
    settings = load_settings(home)
    there = open_losses_of(settings, survey)
    rows = [*_rows("open", there), *_rows("accepted", read_losses(settings.lake, survey).accepted)]
    write_rows(COLUMNS, rows, as_json=as_json)
    if not as_json:
        note(f"{sum(one.place.size for one in there)} messages are lost and not accepted")


@app.command()
def accept(
    losses: Annotated[list[str] | None, typer.Argument(help="Losses, as `fink losses list` names them.")] = None,
    *,
    why: Annotated[str, typer.Option(help="The reason, kept with each.")] = "",
    who: Annotated[str | None, typer.Option(help="Who accepts it; your login name when not given.")] = None,
    survey: SurveyOption = "ztf",
    everything: Annotated[bool, typer.Option("--everything", help="All that are open.")] = False,
    home: HomeOption = None,
) -> None:
    """Accept that messages are gone: a term of the equation from now on, and their nights can be closed."""
    if bool(losses) == everything:
        raise ConfigError("name the losses to accept, as `fink losses list` shows them, or say --everything")
    settings = load_settings(home)
    there = open_losses_of(settings, survey)
    chosen = there if everything else chosen_losses(there, losses or [])
    accept_losses(settings.lake, survey, chosen, getpass.getuser() if who is None else who, why)
    for loss in chosen:
        say(f"accepted {loss.label} night={loss.night}")
    say(
        f"{sum(one.place.size for one in chosen)} messages accepted as lost; close again the nights that are red for it"
    )


def _rows(state: str, losses: Sequence[Loss]) -> list[dict[str, object]]:
    return [
        {"loss": one.label, "messages": one.place.size, "night": one.night, "state": state, "why": one.note}
        for one in losses
    ]
