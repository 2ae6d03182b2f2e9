"""`fink object`: one object with its partners in other surveys and all their light curves; rebuilding the table."""

from pathlib import Path
from typing import Annotated, Any

import typer

from fink_lib.cli.common import HomeOption, load_settings, note, say
from fink_lib.cli.json_text import json_text
from fink_lib.cli.tables import Column, write_rows
from fink_lib.cli.terminal import say_folded
from fink_lib.errors import ConfigError

app = typer.Typer(no_args_is_help=True)
PARTNERS = (
    Column("survey"),
    Column("partner", is_id=True),
    Column("kind"),
    Column("separation_arcsec", title="arcsec", shown=lambda value: f"{value:.3f}"),
    Column("position_error_arcsec", title="error", shown=lambda value: f"{value:.3f}"),
    Column("candidates"),
    Column("rank"),
    Column("rivals"),
    Column("ambiguous"),
    Column("chance", shown=lambda value: f"{value:.1e}"),
    Column("since_night", title="since"),
)
SHOWN = (
    *(
        "survey",
        "name",
        "class",
        "class_reason",
        "ra",
        "dec",
        "position_error_arcsec",
        "last_ra",
        "last_dec",
        "may_move",
    ),
    *("alerts", "bands", "nights", "first_night", "last_night", "last_alert_id"),
)
SurveyOption = Annotated[str | None, typer.Option(help="Whose object it is; needed where several have the name.")]


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="ID", help="Name of an object, or designation of a moving one.")],
    *,
    survey: SurveyOption = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw all light curves together.")] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print JSON: the object's columns, partners, objects of the partners, period, and light_curve.",
        ),
    ] = False,
    home: HomeOption = None,
) -> None:
    """Show an object, its partners in other surveys, and the light curves of all: limits and forced photometry too."""
    from fink_lib.objects.view import view
    from fink_lib.surveys import get_survey

    if plot is not None and plot.suffix != ".png":
        raise ConfigError(f"'{plot}' is no .png file: pictures are written as PNG")
    if plot is not None and not plot.parent.is_dir():
        raise ConfigError(f"'{plot}' cannot be written: there is no folder {plot.parent}")
    seen = view(load_settings(home).lake, name, [get_survey(survey).name] if survey else [])
    facts = seen.as_json()
    if plot is not None:
        from fink_lib.render.object_curve import draw_object

        others = "".join(f" + {one.survey.name} {one.name}" for one in seen.others)
        draw_object(f"{facts['survey']} {facts['name']}{others}", facts["light_curve"], plot)
    if as_json:
        print(json_text(facts))
        return
    _tell(facts)
    if facts["period"]:
        say_folded(_period(facts["period"]))
    write_rows(PARTNERS, facts["partners"], empty="no partner in another survey")
    for line in _curves(facts["light_curve"]):
        say_folded(line)
    if plot is not None:
        note(f"drawn: {plot}")


@app.command()
def rebuild(survey: Annotated[str, typer.Option(help="Whose objects")] = "ztf", *, home: HomeOption = None) -> None:
    """Merge every night of silver anew into the objects of a survey, then update the pairs with other surveys."""
    from fink_lib.objects.pair_book import PairBook
    from fink_lib.objects.rebuild import rebuild as nights_of
    from fink_lib.surveys import get_survey

    settings = load_settings(home)
    for night, merged in nights_of(settings.lake, get_survey(survey)):
        note(f"{night}: {merged.objects} objects, {merged.moving} moving, {merged.nameless} alerts of no object")
    done = PairBook(settings.lake, settings.pair_radius_arcsec).update()
    say(f"{done.cells} cells of the sky were looked at, with {done.pairs} pairs")


def _period(row: dict[str, Any]) -> str:
    """Say an object's best period, and what speaks against it."""
    doubts = ["made by observing by night or by a trend"] * row["is_day_alias"]
    doubts += [f"as good at {row['rival_period_days']:.6g} d"] * row["is_ambiguous"]
    told = f"period: {row['period_days']:.6g} d of {row['points']} points, power {row['power']:.2f}, "
    told += f"probability of a false alarm {row['false_alarm_probability']:.1e}"
    return "; perhaps ".join([told, *doubts])


def _tell(facts: dict[str, Any]) -> None:
    for name in SHOWN:
        value = facts.get(name)
        if value is None:
            continue
        if isinstance(value, dict):
            value = ", ".join(f"{key} {count}" for key, count in value.items())
        text = f"{value:.6f}" if isinstance(value, float) else str(value)
        say_folded(f"{name.replace('_', ' ')}: {text}")


def _curves(points: list[dict[str, Any]]) -> list[str]:
    """Return a line for each object and band: how many points of each kind, and from when to when.

    An object is named by its survey, and by its name too where there are several of that survey.
    """
    objects = {(point["survey"], point["object"]) for point in points}
    surveys = [survey for survey, _ in objects]
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for point in points:
        name = f" {point['object']}" if surveys.count(point["survey"]) > 1 else ""
        found.setdefault((point["survey"] + name, point["band"]), []).append(point)
    lines = []
    for (survey, band), some in sorted(found.items()):
        kinds = [point["kind"] for point in some]
        told = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(sorted(kinds)))
        lines.append(f"light curve {survey} {band}: {told}; MJD {some[0]['mjd_utc']:.4f} to {some[-1]['mjd_utc']:.4f}")
    return lines
