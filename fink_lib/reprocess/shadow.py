"""A shadow: other code, or other settings, on the live stream, into tables of its own beside the live ones.

It is the enrich stream with a name, a checkpoint and tables of its own. It reads the bronze table that the live one
reads and writes nothing else; distribute does not know of it. The comparison of a reprocessing shows both.
"""

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import SparkSession

from fink_lib.config import Settings
from fink_lib.enrich.stream import plan as enrich_plan
from fink_lib.errors import ConfigError
from fink_lib.files import replace_text, to_json
from fink_lib.processes.command import job_command
from fink_lib.reprocess.compare import JsonObject
from fink_lib.reprocess.diff import compare_sides
from fink_lib.reprocess.diff_page import headline, render
from fink_lib.reprocess.findings import ChangesFile
from fink_lib.reprocess.side import Pinned, Side
from fink_lib.reprocess.tables import REPLACED, current_version, table_path
from fink_lib.streams.plan import StreamPlan
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import Survey, get_survey

MARK = "shadow_"
_LABEL = re.compile(r"[a-z][a-z0-9_]{1,31}")


@dataclass(frozen=True)
class ShadowSpec(StreamSpec):
    """The enrich stream of a survey under another name.

    Attributes
    ----------
    label
        Name of the shadow; part of its stream, checkpoint and tables.
    """

    label: str = ""

    def __post_init__(self) -> None:
        """Refuse a label that could not be part of a path.

        Raises
        ------
        ConfigError
            Naming it.
        """
        if not _LABEL.fullmatch(self.label):
            raise ConfigError(f"'{self.label}' cannot name a shadow: 2 to 32 of a-z, 0-9 and _, a letter first")

    @property
    def name(self) -> str:
        """Identity of the stream."""
        return f"{self.survey}.{MARK}{self.label}"

    @property
    def job(self) -> Path:
        """File of the driver, in the checkout of the shadow's settings."""
        return self.settings.project / "jobs" / "streaming" / "shadow.py"

    @property
    def command(self) -> list[str]:
        """Command line of the driver."""
        return job_command(self.job, "--survey", self.survey, "--label", self.label)

    @property
    def tables(self) -> Path:
        """Folder of the shadow's tables, beside the live ones."""
        return self.settings.lake / f"{MARK}{self.label}"

    @property
    def report(self) -> Path:
        """The comparison as a page."""
        return self.settings.home / "reprocess" / f"{MARK}{self.label}" / "diff.html"


def shadow_spec(settings: Settings, survey: str, label: str, project: Path | None = None) -> ShadowSpec:
    """Return a shadow that runs the code of a checkout; this one's when none is given."""
    chosen = settings if project is None else settings.model_copy(update={"project": project.absolute()})
    return ShadowSpec(survey, Stage.ENRICH, chosen, label)


def plan(session: SparkSession, spec: StreamSpec, survey: Survey) -> StreamPlan:
    """Build the shadow's query.

    Raises
    ------
    ConfigError
        When the spec is that of a live stream.
    """
    if not isinstance(spec, ShadowSpec):
        raise ConfigError(f"stream '{spec.name}' is no shadow: it would write the live tables")
    return enrich_plan(session, spec, survey, spec.tables)


def diff(spec: ShadowSpec, nights: tuple[dt.date, ...]) -> JsonObject:
    """Compare the shadow with the live tables, over the packets of some nights that both have come to.

    Raises
    ------
    ConfigError
        When the shadow has no tables yet.
    """
    survey = get_survey(spec.survey)
    roots = {"live": None, "shadow": spec.tables}
    sides = {}
    for name, root in roots.items():
        paths = {table: table_path(spec.settings, spec.survey, table, root) for table in REPLACED}
        versions = {table: current_version(path) for table, path in paths.items()}
        if None in versions.values():
            raise ConfigError(
                f"the {name} side of shadow '{spec.label}' has no tables yet in {root or spec.settings.lake}"
            )
        sides[name] = Side(name, Pinned(paths, versions), nights)
    with ChangesFile(spec.report.with_name("changes.parquet")) as changes:
        facts = compare_sides(survey, sides["live"], sides["shadow"], changes.keep, common=True)
    request = {"reason": f"shadow '{spec.label}' on the live stream", "survey": spec.survey}
    facts["changes"] = "changes.parquet"
    shown = {**facts, "request_id": spec.name, "request": request, "plan": None, "headline": headline(facts)}
    replace_text(spec.report.with_suffix(".json"), to_json(shown))
    replace_text(spec.report, render(shown))
    return shown
