"""`fink science completeness`: what the filters find of objects planted in copies of a night's alerts."""

import datetime as dt
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from fink_lib.cli.common import HomeOption, load_settings, say
from fink_lib.cli.tables import Column, write_rows
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.files import replace_text
from fink_lib.lake.versions import Table
from fink_lib.nights import parse_night
from fink_lib.offline.completeness import COUNT, DONORS, FILE, PICTURE, facts_of, shadow
from fink_lib.offline.packets import Packet, packets_of
from fink_lib.simulator import resolve_path
from fink_lib.storage import on_disk
from fink_lib.surveys import Survey, get_survey
from fink_lib.surveys.tables import night_specs

SURVEY = "ztf"  # whose packets objects can be planted in
COLUMNS = (
    Column("filter", is_id=True),
    Column("finds"),
    Column("found", title="found, %"),
    Column("false_alarms", title="false alarms, %"),
    Column("of_the_night", title="of the night's alerts, %"),
)


def completeness(
    path: Annotated[
        str | None, typer.Argument(help="Alerts of a night: packets, a folder, an archive, or `sample`.")
    ] = None,
    *,
    night: Annotated[
        str | None, typer.Option(help="A night of the lake, YYYY-MM-DD: its report shows the result when drawn again.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write to [default: the night's].")] = None,
    count: Annotated[int, typer.Option(min=1, help="Objects of each class.")] = COUNT,
    seed: Annotated[int, typer.Option(help="Of all that is drawn.")] = 20230518,
    home: HomeOption = None,
) -> None:
    """Plant transients, variables and artefacts in copies of a night's alerts; run modules and filters over them.

    A shadow: nothing goes to a table or a topic. Writes completeness.json and completeness.png.
    """
    from fink_lib.offline.completeness_plot import draw

    if (path is None) == (night is None):
        raise ConfigError("say which alerts objects are planted among: PATH, or --night of the lake")
    settings, survey = load_settings(home, any_lake=path is not None), get_survey(SURVEY)
    when = None if night is None else parse_night(night)
    donors = _donors(settings, survey, path, when)
    found = shadow(donors, survey, settings.cache, seed, count)
    facts = facts_of(found, survey.name, when, seed)
    folder = out or (settings.night_dir(survey.name, when.isoformat()) if when else Path())
    folder.mkdir(parents=True, exist_ok=True)
    from fink_lib.cli.json_text import json_text

    replace_text(folder / FILE, json_text(facts) + "\n")
    draw(facts, folder / PICTURE)
    write_rows(COLUMNS, [one | {"finds": ", ".join(one["finds"])} for one in facts["filters"]])
    for name, why in facts["left_out"].items():
        say(f"{name} is not shown: {why}")
    say(
        f"{len(found.planted)} planted among {len(donors)} alerts, {found.seconds:.1f} s of processor time: "
        f"{folder / FILE}, {folder / PICTURE}"
    )


def _donors(settings: Settings, survey: Survey, path: str | None, night: dt.date | None) -> list[Packet]:
    """Return the first alerts of a night.

    Raises
    ------
    ConfigError
        When the night has none.
    """
    if path is not None:
        return list(islice(packets_of(resolve_path(path, settings, survey), survey), DONORS))
    bronze = night_specs(survey)[Table.BRONZE].path(settings.lake)
    donors = list(islice(packets_of(on_disk(bronze, "planting"), survey, night), DONORS))
    if not donors:
        raise ConfigError(f"{bronze} has no alert of {night}")
    return donors
