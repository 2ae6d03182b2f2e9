"""Promote a candidate, undo a promotion, discard a request. Live tables change by one commit each, or not at all.

Two tables cannot be committed together. Each step is therefore written down before it is taken, and every commit
carries the request's own transaction id: a promotion that died between two tables is finished by promoting again,
and a commit that was made is not made twice. The candidate's files lie in the folder of the live table already: one
commit names those that go and those that come. What goes stays on disk for the way back (`fink_lib.reprocess.kept`).

Everything that takes time (digests) is done before the first commit or after the second.
"""

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
from deltalake import DeltaTable

from fink_lib.errors import ReprocessRefused
from fink_lib.lake.columns import add_columns
from fink_lib.lake.delta import delta_table
from fink_lib.lake.digest import table_digest
from fink_lib.lake.renamed import original, under_todays_names
from fink_lib.lake.swap import NightFile, Swap, apply, link_files, night_files, was_done
from fink_lib.lake.versions import Table
from fink_lib.reprocess.compare import NOWHERE, JsonObject
from fink_lib.reprocess.decisions import Decision, record
from fink_lib.reprocess.folder import PATIENCE_S, RequestFolder, one_at_a_time
from fink_lib.reprocess.kept import raise_retention
from fink_lib.reprocess.side import SILVER
from fink_lib.reprocess.state import State, check_step
from fink_lib.reprocess.tables import REPLACED, files_of, night_predicate, open_table, table_path

logger = logging.getLogger(__name__)

PROMOTE, UNDO, DISCARD = "promote", "undo", "discard"
STEP = {PROMOTE: 1, UNDO: 2}


@dataclass(frozen=True)
class Person:
    """Who decides.

    Attributes
    ----------
    name
        Login.
    reason
        Why.
    now
        When, in UTC.
    """

    name: str
    reason: str
    now: dt.datetime


def promote(folder: RequestFolder, person: Person) -> JsonObject:
    """Put the candidate in the place of the live rows of its nights; finish a promotion that was begun.

    Parameters
    ----------
    folder, person
        A request whose candidate was compared, and who promotes it.

    Returns
    -------
    JsonObject
        Table → versions before and after, and the digest of its nights.

    Raises
    ------
    ReprocessRefused
        When the request is a dry run, was not compared, or the live nights are no longer what was compared.
    """
    with one_at_a_time(folder.settings, PATIENCE_S) as right:
        state = folder.state()
        if state is State.PROMOTED:
            return folder.read(PROMOTE)
        check_step(folder.request_id, state, State.PROMOTING)
        if folder.request().dry_run:
            raise ReprocessRefused(f"request {folder.request_id} is a dry run: make it again with dry_run=false")
        _check_nothing_is_lost(folder)
        begun = folder.read("promotion") if folder.has("promotion") else {}
        noted = begun if state is State.PROMOTING else {}
        unseen = [table for table in REPLACED if not _has_seen(folder, table, PROMOTE)]
        looked = {str(table): _look(folder, table, noted.get(str(table))) for table in unseen}
        folder.write("promotion", {**begun, **looked})
        folder.enter(State.PROMOTING, person.now)
        begun = folder.read("promotion")
        swaps = {table: _way_there(folder, table, begun[str(table)]) for table in in_order(folder.read("diff"))}
        right.require()
        after = {table: _commit(folder, open_table(_live(folder, table)), swap) for table, swap in swaps.items()}
        done = {
            str(table): {
                "before": begun[str(table)]["version"],
                "after": after[table],
                "files": [file.path for file in swaps[table].add],
                "digest": _digest(folder, table, after[table]),
            }
            for table in REPLACED
        }
        folder.write(PROMOTE, done)
        record(folder.settings.lake, _decision(folder, PROMOTE, person, done))
        folder.enter(State.PROMOTED, person.now)
    logger.info("promoted request=%s by=%s", folder.request_id, person.name)
    return done


def _check_nothing_is_lost(folder: RequestFolder) -> None:
    """Refuse a candidate that leaves an alert in no table, or sets another one aside than the stream did."""
    gone = sum(move["count"] for move in folder.read("diff")["moves"] if move["to"] == NOWHERE)
    if gone:
        raise ReprocessRefused(
            f"request {folder.request_id} would leave {gone} live alerts in no table: the version of bronze that it "
            "read does not hold them; reprocess the newest one"
        )
    found = folder.read("candidate")
    if found["quarantine"] != found["quarantine_live"]:
        raise ReprocessRefused(
            f"request {folder.request_id} sets aside {found['quarantine']} alerts and the stream did "
            f"{found['quarantine_live']}: quarantine is not promoted, replay it instead"
        )


def _look(folder: RequestFolder, table: Table, noted: JsonObject | None) -> JsonObject:
    """Check that the live nights are what was compared, and note down their files for the way back.

    A promotion that was begun has looked already: while the files that it noted are there, any others hold alerts that
    came since. These stay; refusing them would leave the request half-way for good.
    """
    nights, path = folder.request().nights, _live(folder, table)
    add_columns(path, open_table(_candidate(folder, table)).schema().fields)
    now = open_table(path)
    files = night_files(now, set(nights))
    if noted and {file["path"] for file in noted["files"]} <= {file.path for file in files}:
        return noted
    _check_same(folder, table, folder.read("plan")["versions"][str(table)], int(now.version()), files)
    raise_retention(folder.settings, path)
    return {"version": int(now.version()), "files": [file.as_json() for file in files]}


def _has_seen(folder: RequestFolder, table: Table, action: str) -> bool:
    """Tell whether a table has seen the commit of an action already."""
    return was_done(open_table(_live(folder, table)), Swap([], [], _app_id(folder, table), STEP[action], {}))


def _check_same(
    folder: RequestFolder, table: Table, compared: int | None, now: int, files: Sequence[NightFile]
) -> None:
    """Refuse when rows came or went since the comparison; compaction changes no row and is let pass."""
    path, nights = _live(folder, table), folder.request().nights
    if {file.path for file in files_of(path, compared, nights)} == {file.path for file in files}:
        return
    where = night_predicate(nights)
    if compared is None or table_digest(path, compared, where) != table_digest(path, now, where):
        raise ReprocessRefused(
            f"{path.name} has changed between version {compared}, which was compared, and {now}: "
            f"reprocess {folder.request_id} again"
        )


def in_order(diff: JsonObject) -> tuple[Table, ...]:
    """Return which table is committed first: the one that gets the alerts which change sides.

    Between the two commits such an alert is then in both tables rather than in none. When alerts go both ways, the
    fewer of them are in none for that moment, which takes as long as a commit.
    """
    ways = [move for move in diff["moves"] if NOWHERE not in (move["from"], move["to"])]
    to_rejected = sum(move["count"] for move in ways if move["from"] == SILVER)
    to_silver = sum(move["count"] for move in ways if move["to"] == SILVER)
    return (Table.REJECTED, Table.SILVER) if to_rejected > to_silver else (Table.SILVER, Table.REJECTED)


def _way_there(folder: RequestFolder, table: Table, begun: JsonObject) -> Swap:
    """Name the candidate's files as the live table will; the commit is all that is left to do."""
    path, source = _live(folder, table), _candidate(folder, table)
    new = night_files(delta_table(source), set(folder.request().nights))
    if source.parent == path:
        new = [replace(file, path=f"{quote(source.name)}/{file.path}") for file in new]
    else:  # of a release before 0.2.0
        new = link_files(new, source, path, f"{folder.request_id}-")
    old = [NightFile.from_json(file) for file in begun["files"]]
    return Swap(old, new, _app_id(folder, table), STEP[PROMOTE], _facts(folder, PROMOTE))


def _digest(folder: RequestFolder, table: Table, version: int) -> str:
    return table_digest(_live(folder, table), version, night_predicate(folder.request().nights))


def _commit(folder: RequestFolder, live: DeltaTable, swap: Swap) -> int:
    """Commit, unless the table has seen this swap; return the version of the commit either way."""
    if was_done(live, swap):
        return _version_of(live, folder.request_id, swap.facts["fink.action"])
    return apply(live, swap)


def _version_of(table: DeltaTable, request_id: str, action: str) -> int:
    """Find the commit of a swap in the table's history."""
    for entry in table.history():
        if entry.get("fink.request") == request_id and entry.get("fink.action") == action:
            return int(entry["version"])
    return int(table.version())


def undo(folder: RequestFolder, person: Person) -> JsonObject:
    """Put back what a promotion replaced: the very same files. Alerts that arrived since stay.

    Files of v0.1.0 come back under today's names of columns, with the same rows.

    Parameters
    ----------
    folder
        A request that was promoted.
    person
        Who undoes it.

    Raises
    ------
    ReprocessRefused
        When the promoted rows are no longer there as they were promoted, or what they replaced is not.
    """
    with one_at_a_time(folder.settings, PATIENCE_S) as right:
        state = folder.state()
        if state is State.UNDONE:
            return folder.read(UNDO)
        check_step(folder.request_id, state, State.UNDOING)
        if folder.has("expired"):
            raise ReprocessRefused(
                f"request {folder.request_id} cannot be undone any more: what it replaced was kept until "
                f"{folder.read('expired')['at']}; reprocess its nights instead"
            )
        promoted, begun = folder.read(PROMOTE), folder.read("promotion")
        swaps = {table: _way_back(folder, table, promoted[str(table)], begun[str(table)]) for table in REPLACED}
        folder.enter(State.UNDOING, person.now)
        right.require()
        after = {table: _commit(folder, *swaps[table]) for table in reversed(in_order(folder.read("diff")))}
        done = {
            str(table): {
                "before": int(promoted[str(table)]["after"]),
                "after": after[table],
                "digest": _digest(folder, table, after[table]),
            }
            for table in REPLACED
        }
        folder.write(UNDO, done)
        record(folder.settings.lake, _decision(folder, UNDO, person, done))
        folder.enter(State.UNDONE, person.now)
    logger.info("undone request=%s by=%s", folder.request_id, person.name)
    return done


def _way_back(folder: RequestFolder, table: Table, promoted: JsonObject, begun: JsonObject) -> tuple[DeltaTable, Swap]:
    """Find what must go and what comes back; nothing is changed yet."""
    path, nights = _live(folder, table), set(folder.request().nights)
    live = open_table(path)
    facts, app_id = _facts(folder, UNDO), _app_id(folder, table)
    shape = pa.schema(live.schema().to_arrow())
    old = [under_todays_names(file, path, shape) for file in _replaced(folder, table, begun)]
    names = {original(name) for name in promoted["files"]}
    here = night_files(live, nights)
    ours = [file for file in here if original(file.path) in names]
    done = Swap([], [], app_id, STEP[UNDO], facts)
    if len(ours) == len(promoted["files"]) or was_done(live, done):
        return live, Swap(ours, old, app_id, STEP[UNDO], facts)
    if table_digest(path, None, night_predicate(nights)) != promoted["digest"]:
        raise ReprocessRefused(
            f"{path.name} no longer holds the rows as {folder.request_id} promoted them: undo what was promoted since; "
            "or, when they were compacted together with late alerts, which an undo would lose, reprocess the nights"
        )
    return live, Swap(here, old, app_id, STEP[UNDO], facts)


def _replaced(folder: RequestFolder, table: Table, begun: JsonObject) -> list[NightFile]:
    """Return the files that a promotion replaced, once all of them lie in the folder of the live table."""
    path, aside = _live(folder, table), folder.kept / str(table)
    files = [NightFile.from_json(file) for file in begun["files"]]
    away = [file for file in files if not file.inside(path).exists()]
    link_files([file for file in away if file.inside(aside).exists()], aside, path)  # of a release before 0.2.0
    if gone := [file for file in away if not file.inside(path).exists()]:
        raise ReprocessRefused(
            f"request {folder.request_id} cannot be undone: {gone[0].path} of {path.name} was removed by hand, or by a "
            "vacuum that was told to; reprocess its nights instead"
        )
    return files


def discard(folder: RequestFolder, person: Person) -> None:
    """Delete the candidate tables of a request that is not live; what was asked and found stays.

    Parameters
    ----------
    folder
        A request that was discarded already is left as it is.
    person
        Who discards it.

    Raises
    ------
    ReprocessRefused
        When the request is live, or was.
    """
    with one_at_a_time(folder.settings, PATIENCE_S):
        if folder.state() is State.DISCARDED:
            return
        check_step(folder.request_id, folder.state(), State.DISCARDED)
        folder.drop_candidate()
        record(folder.settings.lake, _decision(folder, DISCARD, person, {}))
        folder.enter(State.DISCARDED, person.now)


def _live(folder: RequestFolder, table: Table) -> Path:
    return table_path(folder.settings, folder.request().survey, table)


def _candidate(folder: RequestFolder, table: Table) -> Path:
    return folder.candidate_of(table)


def _app_id(folder: RequestFolder, table: Table) -> str:
    return f"reprocess.{folder.request_id}.{table}"


def _facts(folder: RequestFolder, action: str) -> dict[str, str]:
    return {"fink.request": folder.request_id, "fink.action": action}


def _decision(folder: RequestFolder, action: str, person: Person, facts: JsonObject) -> Decision:
    request = folder.request()
    return Decision(
        survey=request.survey,
        request_id=folder.request_id,
        first_night=request.first_night,
        last_night=request.last_night,
        action=action,
        decided_by=person.name,
        decided_at=person.now,
        reason=person.reason,
        facts=facts,
    )
