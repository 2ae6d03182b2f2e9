"""Routes that tell how something is cited, and who cites it."""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from fink_lib.accounts.asking import asking
from fink_lib.api.http.answers import facts_answer
from fink_lib.api.http.community.access import NOT_FOUND, PRIVATE, reader_of
from fink_lib.api.http.community.described import REFUSED, asked_with
from fink_lib.api.http.errors import Refused
from fink_lib.community.citable import Citable, Record, bibtex, datacite
from fink_lib.community.ids import unix_ms_of
from fink_lib.community.log import Log
from fink_lib.community.objects import citing
from fink_lib.community.people import Person
from fink_lib.config import Settings
from fink_lib.filters.base import topic_of
from fink_lib.filters.restricted import restricted_topics
from fink_lib.lake.small import read_rows
from fink_lib.lake.tables import gold_nights
from fink_lib.served.access import sees_topic
from fink_lib.surveys import SURVEYS

BY_FILTER = "filter"
FORMS = ("json", "datacite", "bibtex")


def citing_router(log: Log, settings: Settings) -> APIRouter:
    """Return the routes.

    Parameters
    ----------
    log
        What people say, and cite.
    settings
        Say where the lake and the sets are, and under whose name things are cited.
    """
    router = APIRouter(tags=["citation"], responses=REFUSED)

    @router.get("/cite/{kind}/{survey}/{name}", summary="How something is cited: format json, datacite or bibtex",
                openapi_extra=asked_with("format"))  # fmt: skip
    async def cite(request: Request, kind: str, survey: str, name: str) -> Response:
        reader, form = reader_of(request), request.query_params.get("format", "json")
        record = await run_in_threadpool(lambda: record_of(log, settings, reader, (kind, survey, name)))
        host = str(request.base_url).rstrip("/")
        if form == "bibtex":
            return Response(bibtex(record, host), media_type="application/x-bibtex", headers=PRIVATE)
        if form == "datacite":
            return facts_answer(datacite(record), PRIVATE)
        if form != "json":
            raise Refused(f"there is no format '{form[:20]}'", parameter="format", fix=", ".join(FORMS))
        cited_by = await run_in_threadpool(lambda: citing(log.now(), reader, record.identifier))
        told = {"identifier": record.identifier, "landing": host + record.landing, "cited_by": cited_by}
        return facts_answer({**told, "datacite": datacite(record), "bibtex": bibtex(record, host)}, PRIVATE)

    return router


def record_of(log: Log, settings: Settings, reader: Person, asked: tuple[str, str, str]) -> Record:
    """Return the record of what a path names.

    Parameters
    ----------
    log
        What people say.
    settings
        Say where the lake and the sets are, and under whose name things are cited.
    reader
        Who asks.
    asked
        Kind, survey and name, as the path says them.

    Raises
    ------
    Refused
        When there is no such thing that the reader may see.
    """
    kind, survey, name = asked
    made = _MADE.get(kind)
    if made is None:
        raise Refused(f"'{kind[:20]}' cannot be cited", fix=", ".join(_MADE), status=NOT_FOUND)
    found = made(log, settings, reader, survey, name)
    if found is None:
        raise Refused(f"there is no {kind} '{name[:60]}' of {survey[:20]}", status=NOT_FOUND)
    return replace(found, authority=settings.authority)


Made = Callable[[Log, Settings, Person, str, str], Record | None]


def _night(_log: Log, settings: Settings, _reader: Person, survey: str, name: str) -> Record | None:
    try:
        night = dt.date.fromisoformat(name)
    except ValueError:
        return None
    mine = (pc.field("survey") == survey) & (pc.field("night") == night)
    rows = sorted(read_rows(gold_nights(), settings.lake, mine), key=lambda row: row["version"])
    if not rows:
        return None
    last = rows[-1]
    manifest = json.loads(last["manifest"]) if last.get("manifest") else {}
    title = f"Alerts of {survey.upper()} in the night {night}, as this broker closed it"
    digests = {f"table {table}": f"version {version}" for table, version in _versions(manifest).items()}
    version, closed = str(last["version"]), _when(last["closed_at"])
    return Record(Citable.NIGHT, survey, night.isoformat(), title, version, closed, digests)


def _versions(manifest: Mapping[str, Any]) -> dict[str, Any]:
    found = manifest.get("tables", {})
    return dict(found) if isinstance(found, dict) else {}


def _transfer(_log: Log, settings: Settings, _reader: Person, _survey: str, name: str) -> Record | None:
    if "/" in name or name.startswith("."):
        return None
    path: Path = settings.home / "transfers" / name / "manifest.json"
    if not path.is_file():
        return None
    manifest = json.loads(path.read_text(encoding="utf-8"))
    if manifest["by"] == BY_FILTER and not _sees(settings, manifest):
        return None  # how many alerts a restricted filter sent is for those who may read its topic
    nights = f"{manifest['first_night']} to {manifest['last_night']}"
    title = f"{manifest['rows']} alerts of {manifest['survey'].upper()}, {nights}, selected by {manifest['by']}"
    digests = {"table silver": f"version {manifest['silver_version']}"}
    when = dt.datetime.fromisoformat(f"{manifest['asked_at']}"[:10]).replace(tzinfo=dt.UTC)
    return Record(Citable.TRANSFER, manifest["survey"], name, title, manifest["code_version"], when, digests)


def _sees(settings: Settings, manifest: Mapping[str, Any]) -> bool:
    topic = topic_of(manifest["what"], manifest["survey"])
    return sees_topic(asking().claims, topic, restricted_topics(settings))


def _object(_log: Log, settings: Settings, _reader: Person, survey: str, name: str) -> Record | None:
    from fink_lib.api.http.community.worth import last_seen  # noqa: PLC0415 - knows how objects are read

    if survey not in SURVEYS or name not in last_seen(settings.lake, SURVEYS[survey], [name]):
        return None
    return Record(Citable.OBJECT, survey, name, f"{name} of {survey.upper()}", "", dt.datetime.now(dt.UTC), {})


def _statement(log: Log, _settings: Settings, reader: Person, _survey: str, name: str) -> Record | None:
    row = log.now().get(name)
    if row is None or not reader.may_see(row["visibility"]):
        return None
    when = dt.datetime.fromtimestamp(unix_ms_of(name) / 1000.0, dt.UTC)
    about = row["object_id"] or row["about_statement"] or row["about_night"] or "an alert"
    return Record(
        Citable.STATEMENT, row["survey"] or "", name, f"{row['kind']} by {row['author']} on {about}", "", when, {}
    )


def _when(at: dt.datetime | None) -> dt.datetime:
    return at or dt.datetime.fromtimestamp(0, dt.UTC)


_MADE: Mapping[str, Made] = {
    str(Citable.NIGHT): _night,
    str(Citable.TRANSFER): _transfer,
    str(Citable.OBJECT): _object,
    str(Citable.STATEMENT): _statement,
}
