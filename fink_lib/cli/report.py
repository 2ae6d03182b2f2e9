"""`fink report`: draw the report of a past night again, byte for byte, without a JVM."""

import json
from typing import Annotated, Any

import typer

from fink_lib.cli.common import HomeOption, load_settings, say
from fink_lib.config import Settings
from fink_lib.errors import ConfigError


def report(
    night: Annotated[str, typer.Argument(help="YYYY-MM-DD, `all` for every closed night, `index` for the index alone")],
    survey: Annotated[str, typer.Option(help="Whose night")] = "ztf",
    home: HomeOption = None,
    send: Annotated[bool, typer.Option("--send", help="Mail or post it too, as the settings ask")] = False,
) -> None:
    """Draw the report of a closed night again: the same night gives the same bytes."""
    from fink_lib.nightly.report.night_index import write_index

    settings = load_settings(home)
    chosen = _nights(settings, survey) if night == "all" else [] if night == "index" else [night]
    for one in chosen:
        say(f"report    {_draw(settings, survey, one, send=send)}")
    say(f"index     {write_index(settings.nights)}")


def _nights(settings: Settings, survey: str) -> list[str]:
    return [path.parent.name for path in sorted((settings.nights / survey).glob("????-??-??/manifest.json"))]


def _draw(settings: Settings, survey: str, night: str, *, send: bool) -> str:
    """Draw the page from the results of the run that the manifest in force names."""
    from fink_lib.nightly.job import NightContext, perform
    from fink_lib.nightly.report.notify import notify
    from fink_lib.nightly.report.step import PAGE, draw
    from fink_lib.nightly.results import Step
    from fink_lib.nights import parse_night
    from fink_lib.surveys import get_survey

    date = parse_night(night)
    folder = settings.night_dir(get_survey(survey).name, date.isoformat())
    manifest = _json(folder / "manifest.json")
    if manifest is None:
        raise ConfigError(f"{survey} {night} was never closed in {settings.home}: see `fink night list`")
    context = NightContext(settings, get_survey(survey), date, str(manifest["run_id"]))
    twin = _json(folder / "report.json") or {}
    same = twin.get("run_id") == context.run_id
    url = twin["links"]["run"] if same and "links" in twin else None  # where Airflow stood when the night was closed
    facts = perform(context, Step.REPORT, lambda night: draw(night, url))
    if send:
        told = notify(settings, folder, facts, (folder / PAGE).read_text(encoding="utf-8"))
        for key, value in sorted(told.items()):
            say(f"{key}: {value}")
    return str(folder / PAGE)


def _json(path: Any) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found
