"""`fink community followup, reports, report, decide`: what is asked of others, at a terminal."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fink_lib.cli.common import HomeOption, load_settings, say
from fink_lib.cli.speakers import As, person, reader
from fink_lib.cli.tables import Column, json_option, write_rows
from fink_lib.errors import ConfigError

if TYPE_CHECKING:
    from fink_lib.followup.book import Request

REQUESTS = (
    Column("key", is_id=True),
    Column("object_id", is_id=True),
    Column("facility"),
    Column("night"),
    Column("state"),
    Column("author"),
    Column("external_id"),
    Column("reason"),
)
REPORTS = (
    Column("key", is_id=True),
    Column("object_id", is_id=True),
    Column("service"),
    Column("what"),
    Column("state"),
    Column("author"),
    Column("external_id"),
    Column("reason"),
    Column("approved_by", only_json=True),
    Column("report", only_json=True),
    Column("answers", only_json=True),
)
FLAGS = {"true": True, "false": False, "yes": True, "no": False}
Account = Annotated[str, typer.Option("--as", help="Who asks or decides.")]


def add_asking(app: typer.Typer) -> None:
    """Add the commands to those of `fink community`."""
    for command in (followup, reports, report, decide):
        app.command()(command)


def _row(one: "Request") -> dict[str, Any]:
    return {"key": one.key, "object_id": one.row["object_id"], "author": one.row["author"], "state": str(one.state),
            "external_id": one.external_id, "reason": one.reason}  # fmt: skip


def followup(*, as_: As = "", home: HomeOption = None, as_json: Annotated[bool, json_option(REQUESTS)] = False) -> None:
    """List the requests for observations, and how each stands."""
    from fink_lib.community.kinds import Kind
    from fink_lib.community.log import Log
    from fink_lib.followup.book import requests

    settings = load_settings(home)
    found = requests(Log.of(settings), reader(settings, as_), [Kind.FOLLOWUP_REQUEST])
    rows = [{**_row(one), "facility": one.body["facility"], "night": one.body["night"]} for one in found]
    write_rows(REQUESTS, rows, as_json=as_json, empty="nobody has asked for an observation")


def reports(*, as_: As = "", home: HomeOption = None, as_json: Annotated[bool, json_option(REPORTS)] = False) -> None:
    """List the reports to others, how each stands, and what they answered."""
    import json

    from fink_lib.community.kinds import Kind
    from fink_lib.community.log import Log
    from fink_lib.followup.book import history, requests

    settings = load_settings(home)
    log, rows = Log.of(settings), []
    for one in requests(log, reader(settings, as_), [Kind.PUBLICATION]):
        steps = [(row, json.loads(row["body"])) for row in history(log, one.row)]
        approved = next((row["author"] for row, body in steps if body["state"] == "approved"), None)
        answers = [{"state": body["state"], "answer": body["answer"], "status_code": body["status_code"]}
                   for _, body in steps if body["answer"] and body["state"] not in {"checked", "dry_run"}]  # fmt: skip
        told = {"service": one.body["facility"], "what": one.body["rule"].partition(".")[0], "approved_by": approved}
        rows.append({**_row(one), **told, "report": one.body["report"], "answers": answers})
    write_rows(REPORTS, rows, as_json=as_json, empty="nobody has asked for a report")


def report(
    object_id: str,
    service: Annotated[str, typer.Argument(help="One of the file of FINK_FACILITIES.")],
    what: Annotated[str, typer.Argument(help="discovery, classification, message, notice or voevent")],
    facts: Annotated[list[str] | None, typer.Argument(metavar="NAME=VALUE…")] = None,
    *,
    as_: Account,
    survey: Annotated[str, typer.Option(help="Whose object.")] = "ztf",
    home: HomeOption = None,
) -> None:
    """Ask that an object is reported: live=yes, visibility=, title=, text=, at_type=, label=, tns_name=, … say how.

    Nothing is sent before a person has approved it (`fink community decide`), nor unless file and report say live.
    """
    from fink_lib.api.lake import Lake
    from fink_lib.api.reported import discovery_of
    from fink_lib.community.log import Log
    from fink_lib.followup.facilities import read_facilities
    from fink_lib.followup.reports.wished import ReportWish, ask_report
    from fink_lib.surveys import SURVEYS

    settings = load_settings(home)
    said: dict[str, Any] = dict(one.partition("=")[::2] for one in facts or ())
    if "live" in said:
        said["live"] = FLAGS.get(said["live"], said["live"])
    wish = ReportWish.of({"survey": survey, "object_id": object_id, "service": service, "what": what, **said})
    asked = read_facilities(settings).service(service)
    lake = Lake(settings, [SURVEYS[survey]] if survey in SURVEYS else [])
    try:
        found = discovery_of(lake, survey, object_id)
    finally:
        lake.close()
    made = ask_report(Log.of(settings), person(settings, as_), asked, wish, found)
    say(f"{made.key} is {made.state}")


def decide(
    key: str,
    decision: Annotated[str, typer.Argument(help="approve, reject or cancel")],
    *,
    as_: Account,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    home: HomeOption = None,
) -> None:
    """Decide on a request for an observation, or on a report, as a person that may."""
    from fink_lib.community.log import Log
    from fink_lib.followup.book import requests
    from fink_lib.followup.facilities import read_facilities
    from fink_lib.followup.run import Desk
    from fink_lib.followup.run import decide as decide_on
    from fink_lib.followup.states import State

    decisions = {"approve": State.APPROVED, "reject": State.REJECTED, "cancel": State.CANCELLED}
    if decision not in decisions:
        raise ConfigError(f"'{decision}' is no decision: {', '.join(decisions)}")
    settings = load_settings(home)
    log, who = Log.of(settings), person(settings, as_)
    found = next((one for one in requests(log, who) if one.key == key), None)
    if found is None:
        raise ConfigError(f"there is no request {key!r} that {as_} may see: `followup` and `reports` list them")
    done = decide_on(Desk(log, read_facilities(settings)), who, found, decisions[decision], reason)
    say(f"{key} is {done.state}")
