"""A table of people: rows that a job left for its person, or for one of his groups. Pure."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import pyarrow as pa

from fink_lib.accounts.groups import in_sql
from fink_lib.errors import ConfigError

OF_PERSON, OF_GROUP = "user_", "group_"
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
COLUMN = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
MOST_COLUMNS = 500
# What the columns of such a table are, and nothing else: `sandbox.inside` turns all others into these
KINDS: dict[str, pa.DataType] = {
    str(kind): kind
    for kind in (
        pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.float32(),
        pa.float64(), pa.string(), pa.date32(), pa.timestamp("us"),
    )
}  # fmt: skip


class NoSuchTable(ConfigError):
    """There is no table of that name, or it is somebody else's."""

    exit_code = 21


@dataclass(frozen=True)
class PrivateTable:
    """One table.

    Attributes
    ----------
    name
        What it is called within its schema.
    owner, group
        Who made it, and the group that it is for; empty where it is for its owner alone.
    title, job
        What it is, and the job that left it.
    file, version
        Name of its file, and what names its rows: another one with each change.
    columns
        Name → type, in order.
    rows, size
        How many rows, and bytes on disk.
    made_at, until
        When it was made, and when it goes; seconds of Unix.
    used
        Rights that opened its rows to the job, and groups whose tables it read: who lacks one does not see it.
    versions
        Survey → what names the rows that the job saw.
    """

    name: str
    owner: str
    group: str = ""
    title: str = ""
    job: str = ""
    file: str = ""
    version: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    size: int = 0
    made_at: float = 0.0
    until: float = 0.0
    used: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def schema(self) -> str:
        """The schema that it is in."""
        return schema_of(self.owner, self.group)

    @property
    def full_name(self) -> str:
        """Schema and name."""
        return f"{self.schema}.{self.name}"

    @property
    def visibility(self) -> str:
        """Who sees it, as `Claims.sees` reads it."""
        return f"group:{self.group}" if self.group else f"person:{self.owner}"

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Self:
        """Read a table as it is kept."""
        return cls(**{**facts, "used": tuple(facts["used"]), "columns": dict(facts["columns"])})

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept: columns as pairs, since their order counts."""
        return {**asdict(self), "columns": [list(one) for one in self.columns.items()]}


def schema_of(owner: str, group: str = "") -> str:
    """Return the schema of the tables of a person, or of a group where one is given.

    Parameters
    ----------
    owner, group
        Names of accounts; what no name in SQL can have becomes ``_``.
    """
    return in_sql(f"{OF_GROUP}{group}" if group else f"{OF_PERSON}{owner}")


def is_private(name: str) -> bool:
    """Tell whether a name is that of a table of people: ``schema.table``."""
    return name.startswith((OF_PERSON, OF_GROUP)) and name.count(".") == 1


def check_name(name: str) -> str:
    """Return the name of a table.

    Raises
    ------
    ConfigError
        When it cannot be one.
    """
    if not NAME.fullmatch(name):
        raise ConfigError(f"'{name[:60]}' is no name of a table: a letter, then a-z, 0-9 and '_', at most 40")
    return name


def columns_of(schema: pa.Schema) -> dict[str, str]:
    """Return the columns of rows that shall be a table: name → type.

    Raises
    ------
    ConfigError
        When one has a name that ADQL could not say, two are called the same, or there are too many.
    """
    if len(schema) > MOST_COLUMNS:
        raise ConfigError(f"its result has {len(schema)} columns: a table has {MOST_COLUMNS} at most")
    if wrong := [name for name in schema.names if not COLUMN.fullmatch(name)]:
        raise ConfigError(
            f"'{wrong[0][:60]}' is no name of a table's column: give it one of letters, digits and _ (AS)"
        )
    if len({name.lower() for name in schema.names}) < len(schema):
        raise ConfigError("two columns of its result are called the same: rename one (AS)")
    if odd := [one.name for one in schema if str(one.type) not in KINDS]:
        raise ConfigError(f"column {odd[0]} has a type that no table keeps")
    return {one.name: str(one.type) for one in schema}
