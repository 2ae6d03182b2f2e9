"""`fink gcn`: events that other messengers saw: play and collect notices, list what stands, show an event."""

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from fink_lib.cli.common import HomeOption, load_settings, note, say
from fink_lib.cli.json_text import json_text
from fink_lib.cli.tables import Column, json_option, write_rows
from fink_lib.cli.terminal import CONTROL_ESCAPES, say_folded
from fink_lib.errors import ConfigError

app = typer.Typer(no_args_is_help=True)
COLUMNS = (
    Column("event_id", is_id=True, title="event"),
    Column("trigger_time", title="trigger (UTC)"),
    Column("messenger"),
    Column("stands"),
    Column("purpose"),
    Column("place"),
    Column("notices"),
    Column("name"),
    *(Column(name, only_json=True) for name in ("kind", "ra", "dec", "radius_deg", "notice_id", "far_hz")),
)
NOTICE_COLUMNS = (
    Column("received_at", title="received (UTC)"),
    Column("notice_id", is_id=True),
    Column("outcome"),
    Column("event_id", is_id=True, title="event"),
    Column("reason"),
    Column("kafka_topic", title="topic"),
)
TOLD_COLUMNS = (
    Column("notice_time", title="written (UTC)"),
    Column("received_at", title="received (UTC)"),
    Column("action"),
    Column("mission"),
    Column("instrument"),
    Column("kind"),
    Column("revision"),
    Column("place"),
)
MATCH_COLUMNS = (
    Column("event_id", is_id=True, title="event"),
    Column("object_id", is_id=True, title="object"),
    Column("alert_id", is_id=True, title="alert"),
    Column("first_seen", title="first seen (UTC)"),
    Column("rank", shown=lambda rank: f"{rank:.3f}"),
    Column("as_good", title="as good by chance", shown=lambda count: f"{count:.3g}"),
    Column("chance", shown=lambda chance: f"{chance:.3g}"),
    Column("chance_night", shown=lambda chance: f"{chance:.3g}"),
    Column("stands"),
    *(Column(name, only_json=True) for name in ("night", "trigger_time", "ra", "dec", "host_mpc", "nearer", "basis")),
)
Files = Annotated[list[Path], typer.Argument(help="Notices: XML, JSON, Fink's Parquet, or folders of these")]


@app.command()
def play(
    files: Files,
    *,
    trigger_time: Annotated[
        str | None, typer.Option(help="Move all notices in time: their events happened then (ISO 8601, UTC)")
    ] = None,
    direct: Annotated[bool, typer.Option("--direct", help="Straight into the lake, without Kafka")] = False,
    home: HomeOption = None,
) -> None:
    """Send notices out of files onto the topics that their senders use."""
    from fink_lib.multimessenger.playing import read_notices, send
    from fink_lib.multimessenger.reading import utc
    from fink_lib.multimessenger.store import Notice, keep

    settings = load_settings(home)
    notices = read_notices(files, utc(trigger_time, "--trigger-time"))
    for one in notices:
        if one.parsed.event is None:
            note(_on_one_line(f"{one.file}: {one.parsed.outcome}: {one.parsed.reason}"))
    if direct:
        now = dt.datetime.now(dt.UTC)
        say(sentence(keep(settings.lake, [Notice(one.content, now) for one in notices])))
        return
    for topic, count in send(settings, notices).items():
        say(f"{topic}: {count}")


@app.command()
def listen(
    *,
    once: Annotated[bool, typer.Option("--once", help="End when nothing waits any more")] = False,
    home: HomeOption = None,
) -> None:
    """Collect notices from Kafka into the lake, until it is interrupted."""
    from fink_lib.multimessenger.listening import collect
    from fink_lib.multimessenger.listening import listen as go_on

    settings = load_settings(home)
    if once:
        say(sentence(collect(settings)))
        return
    note(f"listening to {settings.gcn_topics} at {settings.gcn.bootstrap}; interrupt to end")
    try:
        go_on(settings, lambda: False, lambda counted: say(sentence(counted)))
    except KeyboardInterrupt:
        note("ended")


def sentence(counted: Counter[str]) -> str:
    """Say what became of some notices."""
    named = {"event": "of events", "no_event": "of no event", "unreadable": "unreadable", "held": "held already"}
    return f"{counted.total()} notices: " + ", ".join(f"{counted[name]} {words}" for name, words in named.items())


@app.command("list")
def list_(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Mocks and tests too")] = False,
    home: HomeOption = None,
    as_json: Annotated[bool, json_option(COLUMNS)] = False,
) -> None:
    """List the events as they stand, newest first."""
    from fink_lib.multimessenger.browse import standing_rows

    rows = standing_rows(load_settings(home).lake)
    shown = [row for row in rows if everything or row["purpose"] == "observation"]
    write_rows(COLUMNS, shown, as_json=as_json, empty="no event yet: `fink gcn play FILE` plays notices")
    if len(shown) < len(rows) and not as_json:
        note(f"{len(rows) - len(shown)} mocks and tests are not shown: --all")


@app.command()
def notices(
    *,
    unused: Annotated[bool, typer.Option("--unused", help="Only those that tell of no event")] = False,
    home: HomeOption = None,
    as_json: Annotated[bool, json_option(NOTICE_COLUMNS)] = False,
) -> None:
    """List the notices that arrived, and why some are no event."""
    from fink_lib.multimessenger.browse import notice_rows

    rows = [row for row in notice_rows(load_settings(home).lake) if not unused or row["outcome"] != "event"]
    write_rows(NOTICE_COLUMNS, rows, as_json=as_json, empty="no notice")


@app.command()
def show(
    event: Annotated[str, typer.Argument(help="Name of the event, as `fink gcn list` shows it")],
    *,
    home: HomeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: how it stands, and all its notices.")] = False,
) -> None:
    """Show an event: how it stands, and what each notice told, oldest first."""
    from fink_lib.multimessenger.browse import event_facts

    facts = event_facts(load_settings(home).lake, event)
    if facts is None:
        raise ConfigError(f"no event '{event}': `fink gcn list --all` names those that there are")
    if as_json:
        print(json_text(facts))
        return
    for name in ("event_id", "trigger_time", "messenger", "stands", "purpose", "place", "name"):
        say_folded(f"{name} {facts[name]}")
    write_rows(TOLD_COLUMNS, facts["told"])


@app.command()
def match(
    night: Annotated[str, typer.Argument(help="YYYY-MM-DD")],
    *,
    survey: Annotated[str, typer.Option(help="Whose night")] = "ztf",
    send: Annotated[
        bool, typer.Option("--send", help="Send counterparts to their topics too, as the closing does")
    ] = False,
    home: HomeOption = None,
    as_json: Annotated[bool, json_option(MATCH_COLUMNS)] = False,
) -> None:
    """Match a night with the events as they stand, as its closing does, and list the matches, best first.

    What is not sent now is sent by the next closing.
    """
    from fink_lib.host.stack import connected
    from fink_lib.lake.pinned import Pinned
    from fink_lib.lake.versions import Table
    from fink_lib.multimessenger.standing import standing
    from fink_lib.multimessenger.store import read_told
    from fink_lib.nightly.announcer import Announcer
    from fink_lib.nightly.events import past_nights, tells_of_new_sources, write_night
    from fink_lib.nights import parse_night
    from fink_lib.surveys import get_survey
    from fink_lib.surveys.tables import night_specs

    settings, adapter, date = load_settings(home), get_survey(survey), parse_night(night)
    pinned = Pinned.now(night_specs(adapter), settings.lake)
    if not past_nights(pinned, date, date + dt.timedelta(days=1)):
        raise ConfigError(f"the lake has no {survey} alerts of the night {night}: `fink night list` names its nights")
    if not tells_of_new_sources(adapter, pinned.of_night(Table.SILVER, date)):
        raise ConfigError(f"{survey} {night}: its alerts do not say which sources are new, so no event is searched for")
    events = standing(read_told(settings.lake))
    announcer = Announcer(connected(settings), adapter, events) if send else None
    announce = announcer or (lambda _, matched: not matched.matches)
    found = write_night(settings.lake, adapter, pinned, date, events, announce)
    if announcer is not None and announcer.refused is not None:
        raise announcer.refused
    rows = sorted(found.matches, key=lambda row: (row["chance_night"], row["event_id"], row["alert_id"]))
    stands = [{**row, "stands": "retracted" if row["retracted"] else "stands"} for row in rows]
    write_rows(MATCH_COLUMNS, stands, as_json=as_json, empty=f"{survey} {night}: no match")
    if not as_json:
        for row in found.searches:
            note(_on_one_line(_search_line(row)))
        for topic, count in sorted(announcer.sent.items()) if announcer is not None else ():
            note(f"{topic}: {count} messages sent")


def _on_one_line(text: str) -> str:
    """Return what quotes a notice so that it cannot command the terminal."""
    return text.translate(CONTROL_ESCAPES)


def _search_line(row: dict[str, Any]) -> str:
    if row["not_searched"]:
        return f"{row['event_id']}: not searched: {row['not_searched']}"
    return (
        f"{row['event_id']}: {row['area_deg2']:.4g} deg², {row['sources_after']} new sources after the trigger, "
        f"{row['expected']:.3g} matches expected by chance, {row['matches']} found"
    )
