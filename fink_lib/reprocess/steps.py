"""The steps of a request, each as one call: what the command line, the jobs and the DAG share."""

import datetime as dt
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from fink_lib.config import Settings
from fink_lib.contracts.reprocess import FORMAT, ReprocessingDiff
from fink_lib.errors import ReprocessRefused
from fink_lib.files import replace_text, to_json
from fink_lib.reprocess.compare import JsonObject
from fink_lib.reprocess.diff import compare_sides
from fink_lib.reprocess.diff_page import headline, render
from fink_lib.reprocess.findings import ChangesFile
from fink_lib.reprocess.folder import RequestFolder, create
from fink_lib.reprocess.plan import make_plan
from fink_lib.reprocess.request import Request
from fink_lib.reprocess.side import Pinned, Side
from fink_lib.reprocess.state import State, check_step
from fink_lib.reprocess.tables import REPLACED, current_version, table_path
from fink_lib.surveys import get_survey

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Clock = Callable[[], dt.datetime]


def utc_now() -> dt.datetime:
    """Return the time that decisions are stamped with."""
    return dt.datetime.now(dt.UTC)


def plan(settings: Settings, request: Request, request_id: str | None = None, clock: Clock = utc_now) -> RequestFolder:
    """Make a request, look at the tables, and keep the plan.

    Parameters
    ----------
    settings
        Of the broker.
    request
        What is asked.
    request_id
        Its name; made anew when not given.
    clock
        Tells the time, in UTC.

    Raises
    ------
    ConfigError
        When the request cannot be done.
    """
    folder = create(settings, request, clock(), request_id)
    check_step(folder.request_id, folder.state(), State.PLANNED)
    folder.write("plan", make_plan(folder))
    folder.enter(State.PLANNED, clock())
    return folder


def run(folder: RequestFolder, session: "SparkSession", clock: Clock = utc_now) -> JsonObject:
    """Write the candidate tables.

    Parameters
    ----------
    folder
        A request that has a plan.
    session
        Which does the work.
    clock
        Tells the time, in UTC.

    Returns
    -------
    What `candidate.run` returns.

    Raises
    ------
    ReprocessRefused
        When the request's state does not allow it, or code or catalogues are no longer those of the plan.
    """
    from fink_lib.reprocess import candidate  # noqa: PLC0415 - the only step that starts a JVM

    check_step(folder.request_id, folder.state(), State.CANDIDATE)
    found = candidate.run(session, folder)
    folder.write("candidate", found)
    folder.enter(State.CANDIDATE, clock())
    return found


def diff(folder: RequestFolder, clock: Clock = utc_now) -> JsonObject:
    """Compare the candidate with the live rows that the plan pinned; write JSON and page.

    Of a dry run the comparison is all that is wanted: its candidate tables go, and comparing it again gives what was
    found.

    Parameters
    ----------
    folder
        A request whose candidate was written.
    clock
        Tells the time, in UTC.

    Raises
    ------
    ReprocessRefused
        When the candidate tables are no longer there and nothing was found.
    """
    state = folder.state()
    check_step(folder.request_id, state, State.COMPARED)
    if not folder.candidate.exists():
        if state is State.COMPARED and folder.request().dry_run:
            return folder.read("diff")
        raise ReprocessRefused(f"request {folder.request_id} has no candidate tables any more: run it again")
    request, pinned = folder.request(), folder.read("plan")["versions"]
    survey, nights = get_survey(request.survey), request.nights
    live_paths = {table: table_path(folder.settings, survey.name, table) for table in REPLACED}
    new_paths = {table: folder.candidate_of(table) for table in REPLACED}
    live = Side("live", Pinned(live_paths, {table: pinned[str(table)] for table in REPLACED}), nights)
    newest = {table: current_version(new_paths[table]) for table in REPLACED}
    with ChangesFile(folder.changes) as changes:
        facts = compare_sides(survey, live, Side("candidate", Pinned(new_paths, newest), nights), changes.keep)
    shown = {
        **facts,
        "changes": folder.changes.name,
        "request_id": folder.request_id,
        "request": request.as_json(),
        "plan": folder.read("plan"),
    }
    shown |= {"headline": headline(facts), "format": FORMAT}
    ReprocessingDiff.of(json.loads(to_json(shown)))
    folder.write("diff", shown)
    replace_text(folder.report, render(shown))
    folder.enter(State.COMPARED, clock())
    if request.dry_run:
        folder.drop_candidate()
    return shown
