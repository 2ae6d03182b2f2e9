"""A shadow: other code, or other settings, on the live stream, into tables of its own beside the live ones.

It is the enrich stream with a name, a checkpoint and tables of its own. It reads the bronze table that the live one
reads and writes nothing else; distribute does not know of it. The comparison of a reprocessing shows both.
"""

import datetime as dt
from pathlib import Path

from pyspark.sql import SparkSession

from fink_lib.config import Settings
from fink_lib.enrich.stream import plan as enrich_plan
from fink_lib.errors import ConfigError
from fink_lib.files import replace_text, to_json
from fink_lib.reprocess.compare import JsonObject
from fink_lib.reprocess.diff import compare_sides
from fink_lib.reprocess.diff_page import headline, render
from fink_lib.reprocess.findings import ChangesFile
from fink_lib.reprocess.side import Pinned, Side
from fink_lib.reprocess.tables import REPLACED, current_version, table_path
from fink_lib.storage import on_disk
from fink_lib.streams.plan import StreamPlan
from fink_lib.streams.spec import StreamSpec
from fink_lib.surveys import Survey, get_survey

KIND = "shadow"


def shadow_spec(settings: Settings, survey: str, label: str, project: Path | None = None) -> StreamSpec:
    """Return a shadow that runs the code of a checkout; this one's when none is given.

    Parameters
    ----------
    settings
        Those of the live stream.
    survey
        Name of the survey.
    label
        Name of the shadow.
    project
        Folder of the checkout.
    """
    chosen = settings if project is None else settings.model_copy(update={"project": project.absolute()})
    return StreamSpec(survey, KIND, chosen, label)


def tables_of(spec: StreamSpec) -> Path:
    """Return the folder of the tables of a stream that runs beside a live one.

    Raises
    ------
    ConfigError
        When the spec is that of a live stream.
    """
    if not spec.facts.labelled:
        raise ConfigError(f"stream '{spec.name}' is no shadow: it would write the live tables")
    return on_disk(spec.settings.lake, "a shadow") / spec.short_name


def report_of(spec: StreamSpec) -> Path:
    """Return the comparison of a shadow as a page."""
    return spec.settings.home / "reprocess" / spec.short_name / "diff.html"


def plan(session: SparkSession, spec: StreamSpec, survey: Survey) -> StreamPlan:
    """Build the shadow's query.

    Parameters
    ----------
    session
        Which runs the query.
    spec
        Of the shadow, with its label.
    survey
        Whose alerts.

    Raises
    ------
    ConfigError
        When the spec is that of a live stream.
    """
    return enrich_plan(session, spec, survey, tables_of(spec))


def diff(spec: StreamSpec, nights: tuple[dt.date, ...]) -> JsonObject:
    """Compare the shadow with the live tables, over the packets of some nights that both have come to.

    Parameters
    ----------
    spec
        Of the shadow.
    nights
        Which nights are compared.

    Returns
    -------
    What the page and its JSON twin show; both are written, and a file of every alert that differs.

    Raises
    ------
    ConfigError
        When the shadow has no tables yet.
    """
    survey = get_survey(spec.survey)
    roots = {"live": None, "shadow": tables_of(spec)}
    sides = {}
    for name, root in roots.items():
        paths = {table: table_path(spec.settings, spec.survey, table, root) for table in REPLACED}
        versions = {table: current_version(path) for table, path in paths.items()}
        if None in versions.values():
            raise ConfigError(
                f"the {name} side of shadow '{spec.label}' has no tables yet in {root or spec.settings.lake}"
            )
        sides[name] = Side(name, Pinned(paths, versions), nights)
    with ChangesFile(report_of(spec).with_name("changes.parquet")) as changes:
        facts = compare_sides(survey, sides["live"], sides["shadow"], changes.keep, common=True)
    request = {"reason": f"shadow '{spec.label}' on the live stream", "survey": spec.survey}
    facts["changes"] = "changes.parquet"
    shown = {**facts, "request_id": spec.name, "request": request, "plan": None, "headline": headline(facts)}
    replace_text(report_of(spec).with_suffix(".json"), to_json(shown))
    replace_text(report_of(spec), render(shown))
    return shown
