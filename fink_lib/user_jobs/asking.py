"""What a person may do with jobs: ask for one, look at his own, end it, run it again on other rows."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from fink_lib.accounts.claims import Claims
from fink_lib.config import Settings
from fink_lib.errors import AccountError, ConfigError, HostError
from fink_lib.served.access import lost
from fink_lib.served.private import check_name
from fink_lib.served.private_store import PrivateTables
from fink_lib.user_jobs.book import Book, NoSuchJob
from fink_lib.user_jobs.commands import done
from fink_lib.user_jobs.keeping import table_of
from fink_lib.user_jobs.record import (
    MOST_CODE_CHARACTERS,
    MOST_TITLE_CHARACTERS,
    RIGHT,
    WAITS,
    Form,
    Language,
    UserJob,
)
from fink_lib.user_jobs.sandbox.command import bubblewrap
from fink_lib.user_jobs.sandbox.running import LOG, RESULT
from fink_lib.user_jobs.sql import require_query

START_S = 120.0
MOST_VERSION, MOST_TABLES = 2**31, 20
Choice = TypeVar("Choice", Language, Form)
KNOWN = frozenset({"title", "language", "code", "format", "surveys", "version", "table", "group", "tables", "public"})


class NotAllowed(AccountError):
    """Somebody asks for what he has no right to."""


def asked_of(said: Mapping[str, Any], claims: Claims, served: Collection[str]) -> UserJob:
    """Return the job that a form or a program asks for.

    Parameters
    ----------
    said
        ``language``, ``code``, and where wanted ``title``, ``format``, ``surveys``, ``version``, ``table``, ``group``,
        ``public`` and, of Python, ``tables``.
    claims
        Who asks.
    served
        Surveys that there are.

    Raises
    ------
    ConfigError
        Naming what cannot be used.
    """
    if further := sorted(said.keys() - KNOWN):
        raise ConfigError(f"a job has no '{further[0][:40]}': it has {', '.join(sorted(KNOWN))}")
    language, form = _one_of(Language, said, "language", ""), _one_of(Form, said, "format", Form.PARQUET)
    code, title = said.get("code"), said.get("title") or ""
    if not isinstance(code, str) or not code.strip() or len(code) > MOST_CODE_CHARACTERS:
        raise ConfigError(f"code must be a text of 1 to {MOST_CODE_CHARACTERS} characters")
    if not isinstance(title, str) or len(title) > MOST_TITLE_CHARACTERS:
        raise ConfigError(f"title must be a text of at most {MOST_TITLE_CHARACTERS} characters")
    reads = require_query(code) if language is Language.SQL else _listed(said)
    table, group = _kept_as(said, claims, form)
    surveys, version, public = _rows_of(said, served)
    return UserJob(
        name="",
        person=claims.person,
        language=language,
        code=code,
        form=form,
        surveys=tuple(dict.fromkeys(surveys)),
        asked_at=0.0,
        title=title,
        version=version,
        groups=tuple(sorted(claims.groups)),
        rights=tuple(sorted(claims.rights & {RIGHT} if public else claims.rights)),
        public=public,
        table=table,
        group=group,
        tables=reads,
    )


def _rows_of(said: Mapping[str, Any], served: Collection[str]) -> tuple[list[str], int | None, bool]:
    """Return the surveys and the version whose rows a job sees, and whether those are public ones alone."""
    surveys, version, public = said.get("surveys") or list(served), said.get("version"), said.get("public") or False
    if not isinstance(public, bool):
        raise ConfigError("public must be true or false")
    if not isinstance(surveys, list) or not all(isinstance(one, str) and one in served for one in surveys):
        raise ConfigError(f"surveys must be a list out of {', '.join(served)}")
    if version is not None and (type(version) is not int or not 0 <= version < MOST_VERSION):
        raise ConfigError("version must be a number of gold_<survey>__sources, or left out for the newest rows")
    if version is not None and len(surveys) != 1:
        raise ConfigError("a version is that of one survey: name it in surveys")
    return surveys, version, public


def _listed(said: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the tables of people that code in Python shall find; what SQL reads is seen from the query."""
    tables = said.get("tables") or []
    if not isinstance(tables, list) or not all(isinstance(one, str) for one in tables) or len(tables) > MOST_TABLES:
        raise ConfigError(f"tables must be a list of at most {MOST_TABLES} names, such as user_ada.candidates")
    return tuple(sorted({one.lower() for one in tables}))


def _kept_as(said: Mapping[str, Any], claims: Claims, form: Form) -> tuple[str, str]:
    """Return the table that a result is kept as, and its group; both empty where it is not."""
    table, group = said.get("table") or "", said.get("group") or ""
    if not isinstance(table, str) or not isinstance(group, str):
        raise ConfigError("table and group must be texts")
    if group and (not table or group not in claims.groups):
        raise ConfigError(f"group is '{group[:40]}': name a table, and a group that you belong to")
    if table and form is not Form.PARQUET:
        raise ConfigError("a table is made of Parquet: leave format out, or say parquet")
    return (check_name(table) if table else ""), group


def submit(settings: Settings, job: UserJob) -> UserJob:
    """Queue a job and have Airflow run it; return it.

    Parameters
    ----------
    settings
        Say where jobs are kept, and how many a person may ask for.
    job
        As `asked_of` returns it: it has no name yet.

    Raises
    ------
    NotAllowed
        When its person may not run jobs.
    NoSuchTable
        When it reads a table of people that its person does not see.
    TablesFull, NotYours
        When its result cannot become the table that it names.
    HostError
        When this machine has no sandbox, or Airflow does not run.
    QuotaUsed
        When its person has asked for as much as he may.
    """
    if RIGHT not in job.rights:
        raise NotAllowed(f"jobs are for people with the right '{RIGHT}': the operator grants it")
    bubblewrap()
    asker = Claims(job.person, frozenset(job.groups), rights=frozenset(job.rights))
    for name in job.tables:
        PrivateTables(settings).get(asker, name)
    if job.table:
        PrivateTables(settings).room(job.person, table_of(job))
    book = Book(settings)
    added = book.add(job)
    try:
        start(settings)
    except HostError:
        if book.take_back(added.name):
            raise
    return added


def start(settings: Settings) -> None:
    """Have Airflow take the next job: a command of its own asks it, since no server here knows it.

    Raises
    ------
    HostError
        When it does not.
    """
    done(settings, ["jobs", "start"], START_S, "Airflow took no job")


def mine(settings: Settings, claims: Claims) -> list[UserJob]:
    """Return the jobs of whoever asks, the newest first.

    Parameters
    ----------
    settings
        Say where jobs are kept.
    claims
        Who asks; nobody in particular has no jobs.
    """
    known = Book(settings).every()
    return [_shown(one, claims) for one in known if one.person == claims.person and not claims.is_anonymous]


def own(settings: Settings, claims: Claims, name: str) -> UserJob:
    """Return a job of whoever asks.

    Parameters
    ----------
    settings
        Say where jobs are kept.
    claims
        Who asks.
    name
        As he gave it.

    Raises
    ------
    NoSuchJob
        When he has none of that name: that of others is as if there were none.
    """
    job = Book(settings).get(name)
    if claims.is_anonymous or job.person != claims.person:
        raise NoSuchJob(f"there is no job '{name[:40]}'")
    return _shown(job, claims)


def cancel(settings: Settings, claims: Claims, name: str) -> UserJob:
    """End a job of one's own that has not ended; return it as it stands then.

    Parameters
    ----------
    settings
        Say where jobs are kept.
    claims
        Who asks.
    name
        Of the job.
    """
    return _shown(Book(settings).cancel(own(settings, claims, name).name), claims)


def again(settings: Settings, claims: Claims, name: str, version: object) -> UserJob:
    """Run a job of one's own once more: on a version, or on the newest rows where that is None.

    Parameters
    ----------
    settings
        Say where jobs are kept.
    claims
        Who asks; the new job has his rights of now.
    name
        Of the job that there is.
    version
        As he gave it, of `gold_<survey>__sources`.

    Raises
    ------
    NoSuchJob
        When he has none of that name.
    ConfigError
        When the version cannot be used.
    NotAllowed, HostError, QuotaUsed
        As `submit`.
    """
    before = own(settings, claims, name)
    said = {"title": before.title, "language": before.language, "code": before.code, "format": before.form,
            "surveys": list(before.surveys), "version": version, "table": before.table, "group": before.group,
            "tables": list(before.tables), "public": before.public}  # fmt: skip
    return submit(settings, replace(asked_of(said, claims, before.surveys), rerun_of=before.name))


def log_of(settings: Settings, claims: Claims, name: str) -> str:
    """Return what a job of one's own has said so far.

    Parameters
    ----------
    settings
        Say where jobs are kept.
    claims
        Who asks.
    name
        As he gave it.

    Returns
    -------
    str
        Empty where it has said nothing yet.

    Raises
    ------
    NoSuchJob
        When he has none of that name.
    NotAllowed
        When it saw rows by a right that he does not claim now.
    """
    path = Book(settings).folder(_visible(settings, claims, name).name) / LOG
    return path.read_text("utf-8", "replace") if path.is_file() else ""


def result_of(settings: Settings, claims: Claims, name: str) -> Path:
    """Return the file with the result of a job of one's own.

    Parameters
    ----------
    settings
        Say where jobs are kept.
    claims
        Who asks.
    name
        As he gave it.

    Raises
    ------
    ConfigError
        When it left none.
    NoSuchJob
        When he has none of that name.
    NotAllowed
        When it saw rows by a right that he does not claim now.
    """
    job = _visible(settings, claims, name)
    path = Book(settings).folder(name) / f"{RESULT}.{job.form}"
    if job.state in WAITS or not path.is_file():
        raise ConfigError(f"job {name} has no result: it is {job.state}")
    return path


def _visible(settings: Settings, claims: Claims, name: str) -> UserJob:
    """Return a job of one's own, where one still sees the rows that it saw: absent claims grant nothing."""
    job = own(settings, claims, name)
    if why := _lost(job, claims):
        raise NotAllowed(f"job {name} {why}")
    return job


def _lost(job: UserJob, claims: Claims) -> str:
    """Return why what a job has found is not shown; empty where it is."""
    missing = lost(claims, job.used)
    return f"saw rows by the right '{missing[0]}', which is not claimed here" if missing else ""


def _shown(job: UserJob, claims: Claims) -> UserJob:
    """Return a job without what tells of rows that one sees no longer: its error may have some of them in it."""
    why = _lost(job, claims)
    return replace(job, rows=None, versions={}, error=f"it {why}" if job.error else "") if why else job


def _one_of(kind: type[Choice], said: Mapping[str, Any], name: str, usual: str) -> Choice:
    value = said.get(name) or usual
    try:
        return kind(value)
    except ValueError:
        raise ConfigError(f"{name} is '{str(value)[:40]}': give one of {', '.join(kind)}") from None
