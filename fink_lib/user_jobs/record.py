"""What is known of a job: who asked for what, on which rows, and how it stands."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from fink_lib.served.private import schema_of

RIGHT = "jobs:run"
MOST_CODE_CHARACTERS, MOST_TITLE_CHARACTERS = 100_000, 200


class Language(StrEnum):
    """What a job is written in."""

    SQL = "sql"
    PYTHON = "python"


class Form(StrEnum):
    """What its result is written as."""

    PARQUET = "parquet"
    CSV = "csv"


class State(StrEnum):
    """How it stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


WAITS = frozenset({State.QUEUED, State.RUNNING})


@dataclass(frozen=True)
class UserJob:
    """One job.

    Attributes
    ----------
    name
        Its identifier.
    person
        Who asked for it; nobody else sees it.
    title, language, code, form
        What it is for, and what is run.
    surveys
        Whose tables it may ask.
    version
        Version of ``gold_<survey>__sources`` that it is run on: public rows of closed nights. None for the newest rows.
    groups, rights
        What the asker claimed when he asked: it is never run with more.
    asked_at, started_at, ended_at
        Times, seconds of Unix; 0 where not yet.
    state, error, rows, seconds
        How it stands, why it failed, rows of its result, how long it ran.
    run
        The run of Airflow that took it.
    versions
        Survey → version of the tables that it saw.
    used
        Rights that opened rows to it: who has lost one sees its result no longer.
    rerun_of
        The job that this one repeats.
    table, group
        Private table that its result is kept as, and the group that this is for; empty for none, and for its person.
    tables
        Private tables that it reads, ``schema.table``.
    public
        Whether it sees public rows alone, whatever its person may see: then its result may be shared.
    """

    name: str
    person: str
    language: Language
    code: str
    form: Form
    surveys: tuple[str, ...]
    asked_at: float
    title: str = ""
    version: int | None = None
    groups: tuple[str, ...] = ()
    rights: tuple[str, ...] = ()
    started_at: float = 0.0
    ended_at: float = 0.0
    state: State = State.QUEUED
    error: str = ""
    rows: int | None = None
    seconds: float = 0.0
    run: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    used: tuple[str, ...] = ()
    rerun_of: str = ""
    table: str = ""
    group: str = ""
    tables: tuple[str, ...] = ()
    public: bool = False

    @property
    def kept_as(self) -> str:
        """Schema and name of the table that its result is kept as; empty for none."""
        return f"{schema_of(self.person, self.group)}.{self.table}" if self.table else ""

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Self:
        """Read a job as it is kept."""
        lists = {name: tuple(facts.get(name, ())) for name in ("surveys", "groups", "rights", "used", "tables")}
        words = {"language": Language(facts["language"]), "form": Form(facts["form"]), "state": State(facts["state"])}
        return cls(**{**facts, **lists, **words})
