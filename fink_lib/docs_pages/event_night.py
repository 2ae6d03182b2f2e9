"""The notices at hand beside a real night: re-dated onto it, matched as its closing does, one superevent followed.

Nothing here matches: packets become rows of silver, notices rows of the table of events, and what is asked of both is
what the closing of a night asks.
"""

import datetime as dt
import json
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from fink_lib.files import JsonObject
from fink_lib.lake.pinned import Pinned
from fink_lib.lake.versions import Table
from fink_lib.multimessenger.night_match import NightMatch, match_night
from fink_lib.multimessenger.playing import Played, read_notices
from fink_lib.multimessenger.sources import new_sources
from fink_lib.multimessenger.standing import standing
from fink_lib.multimessenger.store import Notice, keep, read_told, skymap_of
from fink_lib.offline import science_of
from fink_lib.offline.packets import packets_of
from fink_lib.science.framework.registry import modules_of, with_needs
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import ZTF, value_at
from fink_lib.surveys.tables import night_specs

NIGHT = dt.date(2023, 10, 18)
TRIGGER_TIME = dt.datetime(2023, 10, 18, 2, 30, tzinfo=dt.UTC)  # some minutes before the night's first new source
ARRIVED = dt.datetime(2023, 10, 19, tzinfo=dt.UTC)
PACKETS = Path("ztf", "ztf_public_20231018.tar.gz")
NOTICES = Path("gcn")
AS_FINK_DATED_THEM = "fink_broker_parquet"  # onto this night; the other folders are moved here
OTHERS = ("gcn_schema_json", "skyportal", "voevent_finkmm", "voevent_other")
IDENTITY = ("alert_id", "object_id", "time", "ra", "dec")
OF_SEARCH = ("event_id", "messenger", "not_searched", "area_deg2", "sources_after", "expected", "matches")
OF_MATCH = ("event_id", "object_id", "rank", "as_good", "chance", "chance_night")
DIGITS = 4


def measured(data: Path, cache: Path) -> JsonObject:
    """Match the notices at hand with the night; follow one superevent through its notices.

    Parameters
    ----------
    data
        The folder of extra real alerts and notices.
    cache
        Folder of catalogues.

    Returns
    -------
    Numbers of alerts, new sources and notices; ``searches`` and ``matches`` as rows; ``superevent``: a step a notice.
    """
    notices = [
        *read_notices([data / NOTICES / AS_FINK_DATED_THEM]),
        *read_notices([data / NOTICES / one for one in OTHERS], TRIGGER_TIME),
    ]
    with tempfile.TemporaryDirectory() as folder:
        lake = Path(folder, "night")
        alerts = write_silver(data / PACKETS, cache, lake)
        counted = keep(lake, [_arrived(one.content) for one in notices])
        found, sources = _matched(lake)
        followed = Path(folder, "superevent")
        write_silver(data / PACKETS, cache, followed)
        steps = [_step(followed, name, content) for name, content in superevent(notices).items()]
    return {
        "alerts": alerts,
        "new_sources": sources,
        "notices": dict(sorted(counted.items())),
        "searches": [_rounded(row, OF_SEARCH) for row in found.searches],
        "matches": [_rounded(row, OF_MATCH) for row in _best_first(found.matches)],
        "superevent": steps,
    }


def write_silver(packets: Path, cache: Path, lake: Path) -> int:
    """Write the alerts of the night as silver has them, with what tells of new sources; return how many.

    Parameters
    ----------
    packets
        Folder or archive of packets.
    cache
        Folder of catalogues.
    lake
        Root folder of the tables.
    """
    facts, spec = ZTF.new_sources, silver_spec(ZTF)
    named = {*facts.needs, facts.host_mpc} if facts else set()
    names = [one.name for one in modules_of(ZTF.name) if any(out.name in named for out in one.outputs)]
    science = science_of(packets, with_needs(ZTF.name, names), ZTF, cache)
    told = {row["alert_id"]: row for row in science.select(["alert_id", *_of(science, named)]).to_pylist()}
    rows = [_row(packet) for packet in packets_of(packets, ZTF)]
    table = pa.Table.from_pylist([row | told[row["alert_id"]] for row in rows], schema=spec.plain_schema)
    write_deltalake(str(spec.path(lake)), table, partition_by=list(spec.partitioned_by))
    return len(table)


def _of(science: pa.Table, named: set[str]) -> list[str]:
    return [name for name in science.column_names if name in named]


def _row(packet: dict[str, Any]) -> dict[str, Any]:
    places = {name: value_at(packet, getattr(ZTF.fields, name)) for name in IDENTITY}
    return {**places, "night": ZTF.night.night_of(places["time"]), "candidate": packet["candidate"]}


def superevent(notices: Sequence[Played]) -> dict[str, bytes]:
    """Return three notices of one superevent, derived from what is at hand.

    Parameters
    ----------
    notices
        Moved onto the night: an initial alert with a map, one of a superevent of this night with another, and a
        retraction.

    Returns
    -------
    ``INITIAL`` as it is; ``UPDATE``: the same with the map of the other; ``RETRACTION``: that of another superevent
    under this name.
    """
    contents = {one.parsed.event.event_id: one for one in notices if one.parsed.event is not None}
    initial = json.loads(contents["lvk:S230518h"].content)
    other = json.loads(contents["lvk:S240116o"].content)["event"]["skymap"]
    update = initial | {"alert_type": "UPDATE", "time_created": "2023-10-18T12:00:00Z"}
    update["event"] = initial["event"] | {"skymap": other}
    gone = json.loads(contents["mock:lvk:MS260605l"].content)
    gone |= {"superevent_id": initial["superevent_id"], "time_created": "2023-10-20T00:00:00Z"}
    return {name: json.dumps(one).encode() for name, one in
            (("INITIAL", initial), ("UPDATE", update), ("RETRACTION", gone))}  # fmt: skip


def _step(lake: Path, name: str, content: bytes) -> JsonObject:
    keep(lake, [_arrived(content)])
    found, _ = _matched(lake)
    (search,) = found.searches
    matches = [_rounded(row, ("object_id", "rank", "chance")) for row in _best_first(found.matches)]
    return {"notice": name, "retracted": search["retracted"]} | _rounded(search, OF_SEARCH[3:]) | {"found": matches}


def _matched(lake: Path) -> tuple[NightMatch, int]:
    """Match the night with the events as they stand; return its rows and how many new sources it has."""
    pinned = Pinned.now(night_specs(ZTF), lake)
    sources = new_sources(ZTF, pinned.of_night(Table.SILVER, NIGHT))
    events, version = standing(read_told(lake)), pinned.versions[str(Table.SILVER)]
    return match_night(NIGHT, sources, events, partial(skymap_of, lake), version), len(sources.object_ids)


def _arrived(content: bytes) -> Notice:
    return Notice(content, ARRIVED)


def _best_first(matches: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(matches, key=lambda row: (row["chance_night"], row["event_id"], row["alert_id"]))


def _rounded(row: dict[str, Any], names: Sequence[str]) -> JsonObject:
    values = {name: row.get(name) for name in names}
    return {name: float(f"{one:.{DIGITS}g}") if isinstance(one, float) else one for name, one in values.items()}
