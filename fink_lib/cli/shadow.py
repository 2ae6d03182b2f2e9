"""`fink shadow`: other code on the live stream, into tables of its own, and compared with it."""

from pathlib import Path
from typing import Annotated

import typer

from fink_lib.cli.common import HomeOption, load_settings, say

app = typer.Typer(no_args_is_help=True, help="Run other code on the live stream, beside it, and compare.")

LabelArgument = Annotated[str, typer.Argument(help="Name of the shadow: a-z, 0-9 and _")]
SurveyOption = Annotated[str, typer.Option(help="Whose stream")]
ProjectOption = Annotated[Path | None, typer.Option("--project", help="Checkout whose code runs; this one")]


@app.command("start")
def start_command(
    label: LabelArgument, project: ProjectOption = None, survey: SurveyOption = "ztf", home: HomeOption = None
) -> None:
    """Start a shadow, or find it running; settings are those of the environment."""
    from fink_lib.reprocess.shadow import shadow_spec, tables_of
    from fink_lib.streams.runners import runner_of

    spec = shadow_spec(load_settings(home), survey, label, project)
    handle = runner_of(spec.settings).submit(spec)
    say(f"shadow    {spec.name} runs as process {handle.pid}, into {tables_of(spec)}")
    say(f"log       {spec.paths.log}")


@app.command("stop")
def stop_command(label: LabelArgument, survey: SurveyOption = "ztf", home: HomeOption = None) -> None:
    """Stop a shadow after its micro-batch; its tables stay."""
    from fink_lib.reprocess.shadow import shadow_spec
    from fink_lib.streams.runners import runner_of

    spec = shadow_spec(load_settings(home), survey, label)
    runner_of(spec.settings).stop(spec, spec.settings.stop_timeout_s)
    say(f"stopped   {spec.name}")


@app.command("drop")
def drop_command(label: LabelArgument, survey: SurveyOption = "ztf", home: HomeOption = None) -> None:
    """Remove a stopped shadow with its tables and checkpoint; its last comparison stays."""
    from fink_lib.reprocess.shadow import shadow_spec
    from fink_lib.reprocess.shadow_life import drop

    spec = shadow_spec(load_settings(home), survey, label)
    for path in drop(spec):
        say(f"removed   {path}")


@app.command("diff")
def diff_command(
    label: LabelArgument,
    night: Annotated[list[str], typer.Option(help="YYYY-MM-DD; may be repeated")],
    survey: SurveyOption = "ztf",
    home: HomeOption = None,
) -> None:
    """Compare a shadow with the live tables, over the packets that both have come to."""
    from fink_lib.nights import parse_night
    from fink_lib.reprocess.diff_page import markdown
    from fink_lib.reprocess.shadow import diff, report_of, shadow_spec

    spec = shadow_spec(load_settings(home), survey, label)
    facts = diff(spec, tuple(parse_night(text) for text in night))
    say(markdown(facts, str(report_of(spec))))
